// ToolPath: the tool side of one session: Ta -> link -> tool -> link -> Tb and back, with Ta and Tb as real
// endpoints. limpid has no tool side yet: what Ta and Tb do here (opening, keepalives, giving up) is the
// simulator's own, and this class and ToolSession are what the product's is going to replace.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "tests/simulation/greeting.h"
#include "tests/simulation/linted_endpoint.h"
#include "tests/simulation/tool.h"

namespace limpid::simulation {

/// Each frame as it is sent. `port`: on which of the tool's links.
using WatchTool = std::function<void(ToolPort port, const RawFrame& frame, const Passage& passage)>;

/// Ta or Tb.
class ToolEnd {
 public:
  ToolEnd(const GreetingModel& greeting, const tcp::EndpointSettings& settings, const Stream& writes,
          std::uint64_t seed, Instant now)
      : greeting_(greeting, now), settings_(settings), writes_(writes), seed_(seed), start_(now) {}

  void receive(const RawFrame& raw, Instant now);
  void run_timers(Instant now);
  std::optional<Complaint> flush(Instant now, const Emit& emit);
  void abort();
  Instant deadline() const;
  bool connected() const { return end_.has_value(); }
  tcp::ByteStream& stream() { return end_->endpoint(); }
  bool failed(Instant now) const;
  bool unharmed() const { return end_ && end_->endpoint().failure() == Reason::none; }
  bool ended() const { return end_ ? end_->ended() : given_up_; }
  std::string describe() const { return end_ ? end_->describe() : "unconnected"; }
  std::optional<Complaint> check_end() { return end_ ? end_->check_end() : std::nullopt; }

 private:
  void refuse(const Frame& frame);

  Greeting greeting_;
  tcp::EndpointSettings settings_;
  Stream writes_;
  std::uint64_t seed_;
  Instant start_;
  Instant ask_at_ = kNever;  // whether the tool lives
  std::optional<LintedEndpoint> end_{};
  std::optional<Frame> refusal_{};
  bool given_up_ = false;
};

/// What is sent through the tool: by Ta, and by Tb.
struct ToolStreams {
  Stream from_client{};
  Stream from_server{};
};

class ToolPath {
 public:
  /// `route`: from the client to the server.
  ToolPath(const ToolModel& model, const Route& route, const ToolStreams& streams, std::uint64_t seed,
           WatchTool watch, Instant now);

  /// Takes in what has arrived, and lets timers and the tool run. Then flush() sends.
  void run(Instant now);
  void flush(Instant now);
  Instant deadline() const;
  /// Streams may be asked for.
  bool connected() const { return ta_.connected() && tb_.connected(); }
  tcp::ByteStream& ta() { return ta_.stream(); }
  tcp::ByteStream& tb() { return tb_.stream(); }
  /// The tool has reset, is silent, or never was there: no byte may go past it.
  bool failed(Instant now) const { return ta_.failed(now) || tb_.failed(now); }
  void abort();
  /// The session is done with it, or gives it up: whoever made it runs it until it has ended().
  void leave(bool broken) {
    left_ = true;
    broken_ = broken;
  }
  bool left() const { return left_; }
  bool broken() const { return broken_; }
  bool ended() const { return ta_.ended() && tb_.ended(); }
  /// Neither end had to give the tool up.
  bool unharmed() const { return ta_.unharmed() && tb_.unharmed(); }
  const Tool& tool() const { return *tool_; }
  const std::optional<Complaint>& complaint() const { return complaint_; }
  std::optional<Complaint> check_end();
  std::string describe() const { return "Ta: " + ta_.describe() + "\nTb: " + tb_.describe() + "\n"; }

 private:
  using RawLink = LinkOf<RawFrame>;
  void send(RawLink& link, ToolPort port, RawFrame frame, Instant now);
  void note(const std::optional<Complaint>& complaint, const char* who);

  Route route_;
  WatchTool watch_;
  RawLink from_ta_;
  RawLink to_ta_;
  RawLink from_tb_;
  RawLink to_tb_;
  std::unique_ptr<Tool> tool_;
  ToolEnd ta_;
  ToolEnd tb_;
  std::optional<Complaint> complaint_{};
  bool left_ = false;
  bool broken_ = false;
};

}  // namespace limpid::simulation
