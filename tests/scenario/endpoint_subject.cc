#include "tests/scenario/endpoint_subject.h"

#include <algorithm>
#include <map>

#include "tests/scenario/renumber.h"

namespace limpid::scenario {
namespace {

constexpr std::uint32_t kOurTimestamp = 900'000;  // TSval when the script begins
constexpr std::uint16_t kIpAndTcp = 40;

tcp::EndpointSettings settings(const Setup& setup) {
  tcp::EndpointSettings made;
  made.receive_buffer_initial = setup.buffer;
  made.receive_buffer_max = std::max(setup.buffer, setup.buffer_max);
  made.quick_acks = static_cast<std::uint8_t>(setup.quick_acks);
  made.initial_window_segments = setup.initial_window;
  made.out_of_order_ranges_max = setup.ranges_max;
  made.time_wait = setup.time_wait;
  made.congestion = setup.reno ? tcp::CongestionControl::kReno : tcp::CongestionControl::kCubic;
  return made;
}

tcp::Adoption adoption(const Setup& setup) {
  return {.snd_nxt = setup.isn + 1,
          .rcv_nxt = setup.peer_isn + 1,
          .peer_window = setup.window,
          .peer_window_shift = setup.shift,
          .our_window_shift = setup.our_shift,
          .sack = setup.sack,
          .ecn = setup.ecn,
          .timestamps = setup.timestamps,
          .ts_recent = setup.timestamp,
          .ts_value = kOurTimestamp,
          .mss = setup.mss,
          .our_window_announced = setup.buffer,
          .rtt = setup.round_trip.value_or(Duration{}),
          .leg = setup.opened_by_us ? tcp::Leg::kServer : tcp::Leg::kClient};
}

class KeepingSink final : public tcp::SegmentSink {
 public:
  KeepingSink(const Setup& setup, Duration now, std::deque<Sent>& into)
      : to_script_{0 - setup.isn, 0 - setup.peer_isn, 0 - kOurTimestamp, 0 - setup.timestamp},
        now_(now),
        into_(into) {}

  bool send(const tcp::SegmentOut& out) override {
    Frame frame{
        .seq = out.seq, .ack = out.ack, .window = out.window, .flags = out.flags, .options = out.options};
    frame.ect = out.ect;
    frame.payload.assign(out.payload_first.begin(), out.payload_first.end());
    frame.payload.insert(frame.payload.end(), out.payload_second.begin(), out.payload_second.end());
    into_.push_back({to_script_(std::move(frame)), now_});
    return true;
  }

 private:
  Renumber to_script_;
  Duration now_;
  std::deque<Sent>& into_;
};

}  // namespace

EndpointSubject::EndpointSubject(const Setup& setup)
    : setup_(setup), settings_(settings(setup)), endpoint_(settings_, pool_, adoption(setup), now_) {}

void EndpointSubject::flush() {
  endpoint_.take_news();
  if (!endpoint_.wants_flush()) return;
  KeepingSink sink(setup_, now(), sent_);
  endpoint_.flush(sink, now_);
}

bool EndpointSubject::run_timer(Duration until) {
  if (endpoint_.deadline() > begun_ + until) return false;
  now_ = std::max(now_, endpoint_.deadline());
  endpoint_.on_timer(now_);
  flush();
  return true;
}

void EndpointSubject::inject(const Frame& frame) {
  const Renumber to_wire{setup_.peer_isn, setup_.isn, setup_.timestamp, kOurTimestamp};
  const Frame moved = to_wire(frame);
  endpoint_.on_segment({.seq = moved.seq,
                        .ack = moved.ack,
                        .window = moved.window,
                        .flags = moved.flags,
                        .options = moved.options,
                        .payload = moved.payload,
                        .ce = moved.ce},
                       now_);
  flush();
}

std::optional<Sent> EndpointSubject::next(Duration until) {
  while (sent_.empty() && run_timer(until)) {
  }
  if (sent_.empty()) return std::nullopt;
  Sent sent = std::move(sent_.front());
  sent_.pop_front();
  return sent;
}

void EndpointSubject::pass(Duration until) {
  while (run_timer(until)) {
  }
  now_ = std::max(now_, begun_ + until);
}

void EndpointSubject::too_big(std::uint32_t seq, std::uint16_t mtu) {
  endpoint_.on_too_big(seq + setup_.isn, static_cast<std::uint16_t>(mtu - kIpAndTcp));
  flush();
}

std::size_t EndpointSubject::write(Bytes bytes) {
  const std::size_t taken = endpoint_.write(bytes);
  flush();
  return taken;
}

std::vector<std::byte> EndpointSubject::read(std::size_t size) {
  std::vector<std::byte> bytes(std::min(size, endpoint_.readable()));
  endpoint_.copy_front(bytes);
  endpoint_.consume(bytes.size());
  flush();
  return bytes;
}

void EndpointSubject::close() {
  endpoint_.finish();
  flush();
}

void EndpointSubject::abort() {
  endpoint_.abort();
  flush();
}

void EndpointSubject::keepalive() {
  endpoint_.start_keepalive(now_);
  flush();
}

std::string EndpointSubject::failure() {
  const Reason why = endpoint_.failure();
  if (why == (setup_.opened_by_us ? Reason::server_reset : Reason::client_reset)) return "reset";
  if (why == (setup_.opened_by_us ? Reason::server_timeout : Reason::client_timeout)) return "timeout";
  return std::string(name(why));
}

std::optional<std::int64_t> EndpointSubject::count(const std::string& name) {
  const tcp::EndpointCounters counters = endpoint_.counters();
  const std::map<std::string, std::int64_t> known{{"retransmitted", counters.segments_retransmitted},
                                                  {"timeouts", counters.timeouts},
                                                  {"recoveries", counters.recoveries},
                                                  {"undone", counters.undone},
                                                  {"tail_probes", counters.tail_probes},
                                                  {"refused", counters.segments_refused}};
  if (name == "probed") return endpoint_.take_peer_probe() ? 1 : 0;
  return known.at(name);
}

}  // namespace limpid::scenario
