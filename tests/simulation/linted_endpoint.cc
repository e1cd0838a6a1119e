#include "tests/simulation/linted_endpoint.h"

#include <algorithm>

namespace limpid::simulation {
namespace {

class EmittingSink final : public tcp::SegmentSink {
 public:
  EmittingSink(const Emit& emit, WireLint& lint, Dice& dice, double no_packet, Instant now)
      : emit_(emit), lint_(lint), dice_(dice), no_packet_(no_packet), now_(now) {}

  bool send(const tcp::SegmentOut& out) override {
    if (dice_.chance(no_packet_)) {
      refused = true;
      return false;
    }
    Frame frame{
        .seq = out.seq, .ack = out.ack, .window = out.window, .flags = out.flags, .options = out.options};
    frame.ect = out.ect;
    frame.payload.assign(out.payload_first.begin(), out.payload_first.end());
    frame.payload.insert(frame.payload.end(), out.payload_second.begin(), out.payload_second.end());
    if (!complaint) complaint = lint_.on_sent(frame, now_);
    emit_(std::move(frame));
    return true;
  }

  std::optional<Complaint> complaint;
  bool refused = false;

 private:
  const Emit& emit_;
  WireLint& lint_;
  Dice& dice_;
  double no_packet_;
  Instant now_;
};

}  // namespace

LintedEndpoint::LintedEndpoint(const LintedEndpointModel& model, const Stream& writes, std::uint64_t seed,
                               Instant now)
    : model_(model), pool_(model.chunks_max), lint_(model.adoption, model.settings, writes), dice_(seed) {
  endpoint_.emplace(model_.settings, pool_, model_.adoption, now);
}

void LintedEndpoint::receive(const Frame& frame, Instant now) {
  lint_.on_received(frame, now);
  endpoint_->on_segment({.seq = frame.seq,
                         .ack = frame.ack,
                         .window = frame.window,
                         .flags = frame.flags,
                         .options = frame.options,
                         .payload = frame.payload,
                         .ce = frame.ce},
                        now);
}

void LintedEndpoint::too_big(std::uint32_t seq, std::uint16_t segment_max) {
  if (endpoint_->on_too_big(seq, segment_max)) lint_.on_too_big(seq, segment_max);
}

void LintedEndpoint::run_timers(Instant now) {
  if (now >= endpoint_->deadline()) endpoint_->on_timer(now);
  endpoint_->take_news();
}

std::optional<Complaint> LintedEndpoint::flush(Instant now, const Emit& emit) {
  if (!endpoint_->wants_flush()) return check(now);
  const std::uint32_t allowed = std::max(endpoint_->bytes_in_flight(), endpoint_->congestion_window());
  EmittingSink sink(emit, lint_, dice_, model_.no_packet, now);
  endpoint_->flush(sink, now);
  if (sink.complaint) return sink.complaint;
  if (sink.refused && !endpoint_->wants_flush()) return "a refused segment is forgotten";
  if (sink.refused && endpoint_->deadline() == kNever) return "a refused segment is not tried again";
  if (!sink.refused && endpoint_->wants_flush()) return "flush() leaves something to flush";
  const std::uint32_t in_flight = endpoint_->bytes_in_flight();

  if (in_flight > std::max(allowed, endpoint_->congestion_window()) + model_.adoption.mss) {
    return "in flight " + std::to_string(in_flight) + ", window " +
           std::to_string(endpoint_->congestion_window());
  }
  return check(now);
}

std::size_t LintedEndpoint::chunks_cap() const {
  const std::size_t receive =
      std::max(model_.settings.receive_buffer_max, std::size_t{2} << model_.adoption.our_window_shift);
  return (receive * 5 / 4 + model_.settings.send_buffer_max + model_.burst) / tcp::kChunkSize + 8;
}

std::optional<Complaint> LintedEndpoint::check(Instant now) const {
  if (endpoint_->chunks() > chunks_cap()) return "holds " + std::to_string(endpoint_->chunks()) + " chunks";
  if (endpoint_->chunks() != pool_.used()) return "lost count of its chunks";
  const bool waits = endpoint_->unacknowledged() > 0 && endpoint_->failure() == Reason::none &&
                     endpoint_->state() != tcp::State::kClosed;
  if (waits && endpoint_->deadline() == kNever)
    return "waits without a timer in " + std::string(name(endpoint_->state()));
  const bool has_room = endpoint_->readable() == 0 && endpoint_->failure() == Reason::none && !ended();
  // Where the endpoint has refused a piece that the observer saw come, they count differently.
  const bool agrees = lint_.in_order() == endpoint_->counters().bytes_received;
  if (has_room && agrees && !endpoint_->wants_flush() && lint_.window_closed())
    return "keeps its window closed though all is read";
  // What was refused for lack of memory or of ranges, or by its old timestamp (a retransmission has overtaken
  // it), has arrived, and yet has not.
  const bool refuses = model_.chunks_max < 1000 || model_.settings.out_of_order_ranges_max < 64 ||
                       lint_.pieces_max() >= model_.settings.out_of_order_ranges_max ||
                       (model_.adoption.timestamps && endpoint_->counters().segments_refused > 0);
  if (refuses) return std::nullopt;
  if (auto complaint = lint_.echo_doubted()) return complaint;
  return lint_.check_silence(now, model_.no_packet > 0);
}

bool LintedEndpoint::ended() const {
  return endpoint_->closed() || endpoint_->state() == tcp::State::kTimeWait;
}

std::string LintedEndpoint::describe() const {
  const auto counters = endpoint_->counters();
  return std::string(name(endpoint_->state())) + " failure " + std::string(name(endpoint_->failure())) +
         " unacknowledged " + std::to_string(endpoint_->unacknowledged()) + " cwnd " +
         std::to_string(endpoint_->congestion_window()) + " pipe " +
         std::to_string(endpoint_->bytes_in_flight()) + " rtx " +
         std::to_string(counters.segments_retransmitted) + " rto " + std::to_string(counters.timeouts) +
         " chunks " + std::to_string(endpoint_->chunks());
}

void LintedEndpoint::cover(Coverage& into) const {
  const auto counters = endpoint_->counters();
  into.recoveries += counters.recoveries;
  into.timeouts += counters.timeouts;
  into.tail_probes += counters.tail_probes;
  into.undone += counters.undone;
  into.echoed += lint_.has_echoed() ? 1 : 0;
  into.narrowed += endpoint_->segment_max() < std::max<std::uint16_t>(model_.adoption.mss, 88) ? 1 : 0;
}

std::optional<Complaint> LintedEndpoint::check_end() {
  if (ended() && endpoint_->failure() == Reason::none && endpoint_->chunks() != 0 &&
      endpoint_->readable() == 0) {
    return "holds memory after its end";
  }
  endpoint_.reset();
  if (pool_.used() != 0) return "leaks chunks";
  return std::nullopt;
}

}  // namespace limpid::simulation
