#include "tests/simulation/tool_path.h"

#include <algorithm>
#include <utility>

namespace limpid::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kConnectMax = seconds(20);
constexpr Duration kQuietMax = seconds(5);  // then the tool is asked whether it lives

GreetingModel greeting(bool opens, std::uint64_t seed) {
  Dice dice(seed);
  GreetingModel model{.opens = opens, .isn = static_cast<std::uint32_t>(dice.next())};
  model.leg = opens ? tcp::Leg::kServer : tcp::Leg::kClient;
  model.syn.mss = 1460;
  model.syn.window_scale = 7;
  model.syn.sack_permitted = true;
  model.syn.timestamps = wire::Timestamps{.value = static_cast<std::uint32_t>(dice.next())};
  return model;
}

/// A tool is near, and missed soon.
tcp::EndpointSettings settings() {
  tcp::EndpointSettings settings;
  settings.rto_initial = milliseconds(200);
  settings.rto_min = milliseconds(30);
  settings.rto_max = seconds(2);
  settings.give_up_after = seconds(20);
  settings.keepalive_interval = seconds(1);
  settings.keepalive_probes = 10;
  return settings;
}

}  // namespace

// --- ToolEnd --------------------------------------------------------------------------------------------

void ToolEnd::receive(const RawFrame& raw, Instant now) {
  const std::optional<Frame> frame = decode(raw);
  if (!frame) return;
  if (!end_ && given_up_) return refuse(*frame);
  if (!end_) {
    const bool is_of_connection = greeting_.receive(*frame, now);
    if (greeting_.adoption()) {
      end_.emplace(
          LintedEndpointModel{
              .settings = settings_, .adoption = *greeting_.adoption(), .burst = settings_.send_buffer_max},
          writes_, seed_, now);
      ask_at_ = now + kQuietMax;
    }
    if (!is_of_connection) return;
  }
  end_->receive(*frame, now);
}

/// Nothing is there any more to be connected to.
void ToolEnd::refuse(const Frame& frame) {
  if (frame.has(tcp::kRst)) return;
  refusal_ = frame.has(tcp::kAck) ? Frame{.seq = frame.ack, .flags = tcp::kRst}
                                  : Frame{.ack = frame.seq + 1, .flags = tcp::kRst | tcp::kAck};
}

void ToolEnd::run_timers(Instant now) {
  if (!end_) return;
  end_->run_timers(now);
  if (now < ask_at_) return;
  const Instant heard = end_->endpoint().last_heard();
  if (now - heard >= kQuietMax) end_->endpoint().start_keepalive(now);
  ask_at_ = std::max(heard, now) + kQuietMax;
}

std::optional<Complaint> ToolEnd::flush(Instant now, const Emit& emit) {
  if (!given_up_) greeting_.run(now, emit);
  // Silent for too long: that the tool was to blame is looked at elsewhere.
  if (end_ && end_->endpoint().failure() != Reason::none) end_->expect_reset();
  if (refusal_) emit(*std::exchange(refusal_, std::nullopt));
  return end_ ? end_->flush(now, emit) : std::nullopt;
}

void ToolEnd::abort() {
  given_up_ = true;
  if (!end_ || end_->ended()) return;
  end_->expect_reset();
  end_->endpoint().abort();
}

Instant ToolEnd::deadline() const {
  if (!end_) return given_up_ ? kNever : std::min(greeting_.deadline(), start_ + kConnectMax);
  const Instant next = end_->endpoint().deadline();
  return end_->ended() ? next : std::min(next, ask_at_);
}

bool ToolEnd::failed(Instant now) const {
  if (end_) return end_->endpoint().failure() != Reason::none;
  return given_up_ || greeting_.refused() || now >= start_ + kConnectMax;
}

// --- ToolPath -------------------------------------------------------------------------------------------

ToolPath::ToolPath(const ToolModel& model, const Route& route, const ToolStreams& streams, std::uint64_t seed,
                   WatchTool watch, Instant now)
    : route_(route),
      watch_(std::move(watch)),
      from_ta_(model.links[0], seed + 1, now),
      to_ta_(model.links[1], seed + 2, now),
      from_tb_(model.links[2], seed + 3, now),
      to_tb_(model.links[3], seed + 4, now),
      tool_(make_tool(model, route, now)),
      ta_(greeting(true, seed + 5), settings(), streams.from_client, seed + 5, now),
      tb_(greeting(false, seed + 6), settings(), streams.from_server, seed + 6, now) {}

void ToolPath::send(RawLink& link, ToolPort port, RawFrame frame, Instant now) {
  const RawFrame copy = frame;
  const Passage passage = link.send(std::move(frame), now);
  watch_(port, copy, passage);
}

void ToolPath::note(const std::optional<Complaint>& complaint, const char* who) {
  if (complaint && !complaint_) complaint_ = who + *complaint;
}

void ToolPath::run(Instant now) {
  while (auto frame = from_ta_.arrived(now)) tool_->receive(ToolPort::kTa, std::move(*frame), now);
  while (auto frame = from_tb_.arrived(now)) tool_->receive(ToolPort::kTb, std::move(*frame), now);
  while (const auto frame = to_ta_.arrived(now)) ta_.receive(*frame, now);
  while (const auto frame = to_tb_.arrived(now)) tb_.receive(*frame, now);
  tool_->run(now, [this, now](ToolPort to, RawFrame frame) {
    send(to == ToolPort::kTa ? to_ta_ : to_tb_, to, std::move(frame), now);
  });
  ta_.run_timers(now);
  tb_.run_timers(now);
}

void ToolPath::flush(Instant now) {
  const auto out = [this, now](RawLink& link, ToolPort port, const Route& route) {
    return
        [this, now, &link, port, &route](const Frame& frame) { send(link, port, encode(route, frame), now); };
  };
  const Route back = route_.back();
  note(ta_.flush(now, out(from_ta_, ToolPort::kTa, route_)), "Ta ");
  note(tb_.flush(now, out(from_tb_, ToolPort::kTb, back)), "Tb ");
}

Instant ToolPath::deadline() const {
  return std::min({from_ta_.next_arrival(), from_tb_.next_arrival(), to_ta_.next_arrival(),
                   to_tb_.next_arrival(), tool_->deadline(), ta_.deadline(), tb_.deadline()});
}

void ToolPath::abort() {
  ta_.abort();
  tb_.abort();
}

std::optional<Complaint> ToolPath::check_end() {
  if (!ended()) return "the tool side has not ended";
  if (auto complaint = ta_.check_end()) return "Ta " + *complaint;
  if (auto complaint = tb_.check_end()) return "Tb " + *complaint;
  return std::nullopt;
}

}  // namespace limpid::simulation
