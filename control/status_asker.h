// StatusAsker: the threads that put workers' questions to OCSP responders. Several, so that a responder that
// takes its time does not hold up the others. They end with the object, after the exchanges in progress.
#pragma once

#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "control/http_get.h"
#include "control/said_once.h"
#include "dataplane/base/result.h"
#include "tls_proxy/certificate/live_status.h"

namespace limpid::control {

class StatusAsker {
 public:
  static constexpr std::size_t kThreads = 4;

  /// The body behind a URL; called on any of the threads.
  using Get = std::function<Result<std::string, HttpFailure>(const std::string& url)>;

  /// A sentence for the operator, each once; called on any of the threads.
  using Warn = std::function<void(const std::string& line)>;

  /// `live` outlives it.
  StatusAsker(certificate::LiveStatus& live, Get get, Warn warn);

  void request_stop() {
    for (std::jthread& thread : threads_) thread.request_stop();
  }

 private:
  void put(certificate::LiveStatus& live, const std::string& question);

  Get get_;
  Warn warn_;
  std::mutex lock_;
  SaidOnce said_;                      // under the lock
  std::vector<std::jthread> threads_;  // the last member: everything else is there when they start
};

}  // namespace limpid::control
