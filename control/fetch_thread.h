// FetchThread: the thread on which a ListFetcher fetches. Ends with the object, after the fetch in progress.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "control/list_fetcher.h"

namespace limpid::control {

class FetchThread {
 public:
  /// The fetcher outlives the thread.
  explicit FetchThread(ListFetcher& fetcher)
      : thread_([this, &fetcher](const std::stop_token& stop) { run(fetcher, stop); }) {}

  void request_stop() { thread_.request_stop(); }

 private:
  void run(ListFetcher& fetcher, const std::stop_token& stop) {
    constexpr std::chrono::seconds kPause{1};
    std::mutex lock;
    while (!stop.stop_requested()) {
      fetcher.fetch_due([&stop] { return stop.stop_requested(); });
      std::unique_lock held(lock);
      wake_.wait_for(held, stop, kPause, [] { return false; });
    }
  }

  std::condition_variable_any wake_;
  std::jthread thread_;  // the last member: everything else is there when it starts
};

}  // namespace limpid::control
