// HandshakeCapture: the one `limpid capture` that may run. It tells the workers what to record, makes pcapng
// of what they hand over, and keeps that until the command line fetches it: bounded, and only for as long as
// it is fetched. Thread: the control thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/reports.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/tool/pcapng.h"
#include "tls_proxy/capture.h"

namespace limpid::control {

struct CaptureQuery;

class HandshakeCapture {
 public:
  static constexpr Duration kUnfetchedMax = std::chrono::seconds(10);
  static constexpr std::size_t kWaitingMax = 16U << 20U;  // bytes of pcapng

  /// Has all workers record by this order from now on; null: nothing. False: not all of them took it; once
  /// more.
  using Tell = std::function<bool(const std::shared_ptr<tls::CaptureOrder>& order)>;

  /// `clock` outlives this.
  HandshakeCapture(const Clock& clock, Tell tell) : clock_(clock), tell_(std::move(tell)) {}

  /// The error is a sentence: one runs already, or the query cannot be meant.
  Result<CaptureProgress, std::string> start(const CaptureQuery& query);
  /// What has come since the last time. The error: this capture is not the one that runs.
  Result<CaptureProgress, std::string> fetch(std::uint64_t number, bool stop);
  void take(const tls::CapturedSession& session);
  /// Ends what nobody fetches any more, and what is over by its time.
  void look();

 private:
  void end(std::string why);
  void end_where_all_are_there();
  void tell() { told_ = tell_(over_.empty() ? order_ : nullptr); }
  CaptureProgress progress() const;
  void append_leg(const tls::CapturedSession& session, bool client_leg, const std::string& comment);

  const Clock& clock_;
  Tell tell_;
  std::shared_ptr<tls::CaptureOrder> order_;  // null: none runs
  std::uint64_t number_ = 0;
  std::string over_;  // why it records no more; empty: it does
  tool::pcapng::Buffer waiting_;
  std::uint32_t sessions_ = 0;
  std::uint32_t failed_ = 0;
  std::uint32_t lost_ = 0;
  bool told_ = true;
  Instant ends_{};
  Instant fetched_{};
};

}  // namespace limpid::control
