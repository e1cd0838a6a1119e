#include "tests/simulation/reference_peer.h"

#include <algorithm>
#include <cstring>

namespace limpid::simulation {
namespace {

constexpr Duration kTimeoutMax = std::chrono::seconds{5};

// a comes before b on the circle.
bool before(std::uint32_t a, std::uint32_t b) { return a != b && b - a < 0x80000000U; }

}  // namespace

ReferencePeer::ReferencePeer(const ReferencePeerModel& model, const Stream& writes, const Stream& reads,
                             Instant now)
    : model_(model),
      application_(model.application, writes, reads),
      snd_una_(model.snd_nxt),
      snd_nxt_(model.snd_nxt),
      snd_max_(model.snd_nxt),
      snd_edge_(model.snd_nxt + model.peer_window),
      rcv_nxt_(model.rcv_nxt),
      rcv_edge_(model.rcv_nxt + model.buffer),
      ts_recent_(model.peer_timestamp),
      timeout_(model.timeout) {
  if (!model.handshake) {
    begin(now);
  } else if (model.handshake->opens) {
    phase_ = Phase::kSynSent;
    syn_at_ = now;
  } else {
    phase_ = Phase::kListening;
  }
}

// --- the handshake ---

void ReferencePeer::begin(Instant now) {
  phase_ = Phase::kConnected;
  syn_at_ = kNever;
  application_.begin(now);
}

/// What both ends offer counts. Windows of SYN segments are not scaled.
void ReferencePeer::agree(const Frame& syn, Instant now) {
  ReferenceHandshake& own = *model_.handshake;
  model_.timestamps = own.timestamps && syn.options.timestamps;
  const bool scaled = own.shift && syn.options.window_scale;
  model_.shift = scaled ? *own.shift : std::uint8_t{0};
  model_.peer_shift = scaled ? std::min<std::uint8_t>(*syn.options.window_scale, 14) : std::uint8_t{0};
  if (syn.options.timestamps) ts_recent_ = syn.options.timestamps->value;
  const unsigned fits = syn.options.mss.value_or(536) - (model_.timestamps ? 12U : 0U);
  model_.payload_max = static_cast<std::uint16_t>(std::min<unsigned>(model_.payload_max, fits));
  rcv_nxt_ = syn.seq + 1;
  rcv_edge_ = rcv_nxt_ + std::min(model_.buffer, 65535U);
  snd_nxt_ = snd_una_ = snd_max_ = model_.snd_nxt + 1;
  snd_edge_ = snd_una_ + syn.window;
  if (!own.opens) syn_at_ = now;
}

/// True where the segment is one of the connection that is there now.
bool ReferencePeer::shake_hands(const Frame& frame, Instant now) {
  const bool answers = frame.has(tcp::kAck) && frame.ack == model_.snd_nxt + 1;
  const bool syn = frame.has(tcp::kSyn);
  if (frame.has(tcp::kRst)) {
    const bool refused = phase_ == Phase::kSynSent && answers;
    if (refused || (phase_ == Phase::kSynReceived && frame.seq == rcv_nxt_)) fail();
    return false;
  }
  if (phase_ == Phase::kSynSent && syn && answers) {
    agree(frame, now);
    begin(now);
    acknowledge_ = true;
  } else if (phase_ != Phase::kSynSent && syn && !frame.has(tcp::kAck)) {
    agree(frame, now);
    phase_ = Phase::kSynReceived;
  } else if (phase_ == Phase::kSynReceived && !syn && answers) {
    begin(now);
    return true;
  }
  return false;
}

void ReferencePeer::send_syn(Instant now, const Emit& emit) {
  if (now < syn_at_) return;
  const bool answers = phase_ == Phase::kSynReceived;
  const ReferenceHandshake& own = *model_.handshake;
  Frame frame{.seq = model_.snd_nxt, .window = static_cast<std::uint16_t>(std::min(model_.buffer, 65535U))};
  frame.flags = answers ? tcp::kSyn | tcp::kAck : tcp::kSyn;
  frame.ack = answers ? rcv_nxt_ : 0;
  frame.options.mss = own.mss;
  if (answers ? model_.timestamps : own.timestamps) frame.options.timestamps = stamps(now);
  // An answer that offers what it was not offered does no harm.
  frame.options.window_scale = own.shift;
  frame.options.sack_permitted = own.sack;
  emit(std::move(frame));
  syn_at_ = now + own.again;
}

// --- what comes ---

void ReferencePeer::receive(const Frame& frame, Instant now) {
  if (connected() || closed_ || shake_hands(frame, now)) take_connected(frame, now);
}

void ReferencePeer::fail() {
  failure_ = Reason::client_reset;
  closed_ = true;
  timeout_at_ = syn_at_ = kNever;
}

void ReferencePeer::take_connected(const Frame& frame, Instant now) {
  if (frame.has(tcp::kRst)) {
    if (fin_acknowledged_ && fin_received_) return;  // TIME_WAIT is not cut short (RFC 1337)
    if (frame.seq != rcv_nxt_ || closed_) {
      acknowledge_ = !closed_;  // RFC 5961
      return;
    }
    return fail();
  }
  if (closed_) {  // as a socket that is gone
    if (!frame.has(tcp::kAck)) return;
    reset_ = true;
    snd_nxt_ = frame.ack;
    return;
  }
  if (frame.has(tcp::kSyn) || before(snd_max_, frame.ack)) {
    acknowledge_ = true;
    return;
  }
  const auto size = static_cast<std::uint32_t>(frame.payload.size());
  if (frame.options.timestamps && !before(rcv_nxt_, frame.seq)) ts_recent_ = frame.options.timestamps->value;
  take_ack(frame, now);
  if (size > 0 || frame.has(tcp::kFin) || before(frame.seq, rcv_nxt_)) {
    acknowledge_ = true;
    take_text(frame);
  }
}

void ReferencePeer::take_ack(const Frame& frame, Instant now) {
  const std::uint32_t edge = frame.ack + (std::uint32_t{frame.window} << model_.peer_shift);
  if (before(snd_una_, frame.ack)) {
    std::uint32_t advanced = frame.ack - snd_una_;
    if (fin_sent_ && advanced > outbox_.size()) {
      fin_acknowledged_ = true;
      advanced = static_cast<std::uint32_t>(outbox_.size());
    }
    outbox_.erase(0, advanced);
    snd_una_ = frame.ack;
    if (before(snd_nxt_, snd_una_)) snd_nxt_ = snd_una_;
    timeout_ = model_.timeout;
    timeout_at_ = snd_una_ == snd_max_ ? kNever : now + timeout_;
  }
  if (frame.ack == snd_una_ && before(snd_edge_, edge)) snd_edge_ = edge;
}

void ReferencePeer::take_text(const Frame& frame) {
  const std::uint32_t old = rcv_nxt_ - frame.seq;
  if (old > 0x7fffffffU || fin_received_) return;  // beyond a gap: dropped
  if (old > frame.payload.size()) return;
  const std::size_t room = rcv_edge_ - rcv_nxt_;
  const std::size_t fresh = frame.payload.size() - old;
  const std::size_t taken = std::min(fresh, room);
  inbox_.append(as_text(Bytes(frame.payload).subspan(old, taken)));
  rcv_nxt_ += static_cast<std::uint32_t>(taken);
  if (frame.has(tcp::kFin) && taken == fresh) {
    fin_received_ = true;
    ++rcv_nxt_;
  }
}

// --- what its application does ---

std::size_t ReferencePeer::copy_front(MutableBytes into) const {
  const std::size_t size = std::min(into.size(), inbox_.size());
  std::memcpy(into.data(), inbox_.data(), size);
  return size;
}

void ReferencePeer::consume(std::size_t size) {
  inbox_.erase(0, size);
  const std::uint32_t edge = rcv_nxt_ + model_.buffer - static_cast<std::uint32_t>(inbox_.size());
  if (edge - rcv_edge_ >= std::min<std::uint32_t>(model_.buffer / 2, 2 * 1448) && before(rcv_edge_, edge))
    acknowledge_ = true;
}

std::size_t ReferencePeer::write(Bytes bytes) {
  if (closed_) return 0;
  outbox_.append(as_text(bytes));
  return bytes.size();
}

void ReferencePeer::abort() {
  closed_ = true;
  reset_ = true;
  timeout_at_ = kNever;
  snd_nxt_ = snd_max_;
}

// --- what goes ---

std::optional<Complaint> ReferencePeer::run(Instant now, const Emit& emit) {
  if (now >= timeout_at_) {
    timeout_at_ = kNever;
    timeout_ = std::min(timeout_ * 2, kTimeoutMax);
    probe_ = true;  // used only where the window lets nothing out
    snd_nxt_ = snd_una_;
  }
  if (!connected() && !closed_) send_syn(now, emit);
  if (!connected() && !reset_) return std::nullopt;
  if (!model_.used_from_outside) {
    if (auto complaint = application_.run(*this, now)) return complaint;
  }
  if (reset_) {
    reset_ = false;
    Frame frame = header(now);
    frame.flags = tcp::kRst | tcp::kAck;
    emit(std::move(frame));
  }
  if (closed_) return std::nullopt;
  send_text(now, emit);
  if (acknowledge_) emit(header(now));
  acknowledge_ = false;
  return std::nullopt;
}

Frame ReferencePeer::header(Instant now) {
  const std::uint32_t unit = 1U << model_.shift;
  const std::uint32_t edge =
      rcv_nxt_ + (model_.buffer - std::min(model_.buffer, static_cast<std::uint32_t>(inbox_.size())));
  if (before(rcv_edge_, edge)) rcv_edge_ = edge;
  const std::uint32_t raw = before(rcv_nxt_, rcv_edge_) ? std::min((rcv_edge_ - rcv_nxt_) / unit, 65535U) : 0;
  Frame frame{
      .seq = snd_nxt_, .ack = rcv_nxt_, .window = static_cast<std::uint16_t>(raw), .flags = tcp::kAck};
  if (model_.timestamps) frame.options.timestamps = stamps(now);
  return frame;
}

wire::Timestamps ReferencePeer::stamps(Instant now) const {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  return {model_.timestamp + static_cast<std::uint32_t>(ms), ts_recent_};
}

void ReferencePeer::send_text(Instant now, const Emit& emit) {
  const auto queued = static_cast<std::uint32_t>(outbox_.size());
  while (true) {
    const std::uint32_t at = sent();
    const std::uint32_t usable = before(snd_nxt_, snd_edge_) ? snd_edge_ - snd_nxt_ : 0;
    std::uint32_t size = at < queued ? std::min<std::uint32_t>(queued - at, model_.payload_max) : 0;
    size = std::min(size, usable);
    if (at >= model_.in_flight_max) size = 0;
    const bool probing = probe_ && size == 0 && at < queued && snd_nxt_ == snd_una_;
    if (probing && model_.probes_with_data) size = 1;
    const bool fin = finishing_ && at + size == queued && at <= queued && !fin_acknowledged_;
    const bool empty_probe = probing && !model_.probes_with_data;
    if (size == 0 && !fin && !empty_probe) break;
    Frame frame = header(now);
    if (empty_probe) {
      frame.seq = snd_una_ - 1;
    } else {
      const Bytes text = as_bytes(outbox_).subspan(at, size);
      frame.payload.assign(text.begin(), text.end());
      if (fin) {
        frame.flags |= tcp::kFin;
        fin_sent_ = true;
      }
      snd_nxt_ += size + (fin ? 1U : 0U);
      if (before(snd_max_, snd_nxt_)) snd_max_ = snd_nxt_;
    }
    probe_ = false;
    acknowledge_ = false;
    emit(std::move(frame));
    if (timeout_at_ == kNever) timeout_at_ = now + timeout_;
    if (fin || empty_probe || probing) break;
  }
  if (timeout_at_ == kNever && (queued > sent() || snd_una_ != snd_max_)) timeout_at_ = now + timeout_;
}

// --- questions ---

Instant ReferencePeer::deadline() const {
  const Instant earliest = std::min(timeout_at_, connected() || closed_ ? kNever : syn_at_);
  return model_.used_from_outside ? earliest : std::min(earliest, application_.deadline());
}

bool ReferencePeer::ended() const { return closed_ || (fin_acknowledged_ && fin_received_); }

std::string ReferencePeer::describe() const {
  return std::string("reference peer: failure ") + std::string(name(failure_)) + " queued " +
         std::to_string(outbox_.size()) + " sent " + std::to_string(sent()) + " window " +
         std::to_string(snd_edge_ - snd_una_) + (connected() ? ", " : ", unconnected, ") +
         application_.describe();
}

}  // namespace limpid::simulation
