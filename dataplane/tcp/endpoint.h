// Endpoint: one terminated TCP connection as a pure state machine (RFC 9293 and the RFCs named in README.md).
// Segments, a clock reading and calls of the user go in; segments come out of flush(), and the user learns of
// changes through take_news(). No clock, socket, randomness or logger inside. Thread: the flow's worker. The
// flow engine calls on_segment() for each segment of a burst, lets the user run, then calls flush() once. It
// must never send anything outside flush(), and never hold more memory than its settings allow.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "dataplane/tcp/byte_stream.h"
#include "dataplane/tcp/chunk_pool.h"
#include "dataplane/tcp/endpoint_settings.h"
#include "dataplane/tcp/receive_queue.h"
#include "dataplane/tcp/recovery.h"
#include "dataplane/tcp/segment.h"
#include "dataplane/tcp/send_queue.h"
#include "dataplane/tcp/sequence.h"
#include "dataplane/tcp/state.h"

namespace limpid::tcp {

/// What one endpoint has done. Bytes are payload.
struct EndpointCounters {
  std::uint64_t bytes_received = 0;  // in order, each once
  std::uint64_t bytes_sent = 0;      // each once
  std::uint64_t bytes_retransmitted = 0;
  std::uint32_t segments_received = 0;
  std::uint32_t segments_sent = 0;
  std::uint32_t segments_retransmitted = 0;
  std::uint32_t timeouts = 0;          // retransmission time-outs
  std::uint32_t recoveries = 0;        // fast recoveries begun
  std::uint32_t undone = 0;            // recoveries and time-outs that turned out to be spurious
  std::uint32_t tail_probes = 0;       // RFC 8985 §7
  std::uint32_t segments_refused = 0;  // outside the window, old timestamp, invalid
  std::uint32_t memory_refusals = 0;   // no chunk, or no packet buffer, was free
};

class Endpoint final : public ByteStream {
 public:
  /// Continues a flow in mid-stream, in state kEstablished. `settings` and `pool` outlive the endpoint.
  Endpoint(const EndpointSettings& settings, ChunkPool& pool, const Adoption& adoption, Instant now);
  ~Endpoint() override;
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // --- the flow engine's side ---
  /// Takes one segment of this flow. Never transmits; afterwards ask take_news() and wants_flush().
  /// Returns whether it is to be believed to come from the peer: in the window, with an acknowledgement that
  /// the peer can have sent.
  bool on_segment(const SegmentIn& segment, Instant now);
  /// To be called when deadline() has passed (early calls are harmless). Afterwards as on_segment().
  void on_timer(Instant now);
  /// Sends what is due: reset, retransmissions, data, FIN, probes, one acknowledgement. Once per burst.
  void flush(SegmentSink& sink, Instant now);
  /// The earliest timer; kNever where nothing is waited for. May lie in the past.
  Instant deadline() const;
  /// flush() would have something to do. Stays true after a flush that the sink cut short.
  bool wants_flush() const;
  /// Something the user may act on since it was last asked: bytes, credit, FIN, failure, everything
  /// acknowledged.
  bool take_news();

  State state() const { return state_; }
  /// Nothing more to send or to wait for: the endpoint may be destroyed. kTimeWait is not closed(); an engine
  /// that keeps tombstones may destroy the endpoint there and answer retransmitted FINs itself
  /// with seq = next_sequence() and ack = expected_sequence().
  bool closed() const { return state_ == State::kClosed && !reset_due_; }
  std::uint32_t next_sequence() const;      // SND.NXT
  std::uint32_t expected_sequence() const;  // RCV.NXT
  /// When the peer was last heard (a valid segment).
  Instant last_heard() const { return heard_; }

  /// ICMP says that a segment was too big for the path (RFC 1191, 8201): from now on they have at most
  /// `segment_max` bytes of payload and options. Believed only where `quoted_sequence` is of a segment in
  /// flight that was bigger (RFC 5927 §4.1), and where it is no less than every path takes. Returns whether
  /// it was.
  bool on_too_big(std::uint32_t quoted_sequence, std::uint16_t segment_max);
  /// Payload and options of the largest segment that is sent.
  std::uint16_t segment_max() const { return segment_max_; }

  /// Asks the peer for a sign of life (RFC 9293 §3.8.4). Unanswered probes end in failure().
  void start_keepalive(Instant now);
  /// The peer has sent a keepalive probe since this was last asked: probe the other leg, too (rate-limit it).
  bool take_peer_probe();

  EndpointCounters counters() const;
  /// Memory held now, in chunks.
  std::size_t chunks() const { return receive_.chunks() + send_.chunks(); }
  /// What is on the wire as far as is known, and how much may be, in bytes.
  std::uint32_t bytes_in_flight() const { return recovery_.pipe(); }
  std::uint32_t congestion_window() const { return recovery_.window(); }
  /// Grows with every byte that came in order and every one that was acknowledged, and not otherwise.
  std::uint64_t progress() const {
    return receive_.received() + static_cast<std::uint64_t>(send_.acknowledged());
  }
  /// Smoothed; zero while unknown.
  Duration round_trip() const { return recovery_.round_trip(); }

  // --- the user's side: see byte_stream.h ---
  std::size_t readable() const override;
  Bytes peek() const override;
  std::size_t copy_front(MutableBytes into) const override;
  void consume(std::size_t size) override;
  bool finished() const override;
  std::size_t credit() const override;
  std::size_t write(Bytes bytes) override;
  void finish() override;
  std::size_t unacknowledged() const override;
  void abort() override;
  Reason failure() const override { return failure_; }

 private:
  void move_to(State state);
  void close();
  void fail(Reason why);
  std::uint32_t credit_target() const;
  void acknowledge_now();
  void challenge(Instant now);

  // --- endpoint_input.cc ---
  bool acknowledgement_fits(Offset acknowledged) const;
  void note_sign_of_life(Instant now);
  void answer_closed(const SegmentIn& segment);
  bool check_timestamp(const SegmentIn& segment) const;
  bool check_sequence(const SegmentIn& segment, Offset at, Instant now);
  bool check_reset_and_syn(const SegmentIn& segment, Offset at, Instant now);
  struct Sacked {
    std::array<Interval, 4> blocks{};
    std::size_t count = 0;
    Interval again{};  // received twice
  };
  Sacked read_sack(const SegmentIn& segment, Offset acknowledged) const;
  bool process_ack(const SegmentIn& segment, Offset at, Instant now);
  bool update_window(const SegmentIn& segment, Offset at, Offset acknowledged, Instant now);
  void on_acknowledged(Offset previous, Instant now);
  void note_congestion(const SegmentIn& segment);
  void process_text(const SegmentIn& segment, Offset at, Instant now);
  void on_fin(Instant now);
  void remember_timestamp(const SegmentIn& segment, Offset at, Instant now);

  // --- endpoint_output.cc ---
  bool send_reset(SegmentSink& sink, Instant now);
  bool send_lost(SegmentSink& sink, Instant now);
  bool send_tail_probe(SegmentSink& sink, Instant now);
  bool send_new(SegmentSink& sink, Instant now, bool& limited);
  bool send_probe(SegmentSink& sink, Instant now);
  bool send_keepalive(SegmentSink& sink, Instant now);
  bool send_acknowledgements(SegmentSink& sink, Instant now);
  bool send_text(SegmentSink& sink, Offset from, std::uint16_t size, bool fin, Instant now);
  bool transmit(SegmentSink& sink, SegmentOut& segment, Instant now);
  std::uint32_t acceptable_sequence() const;
  bool send_with_sack(SegmentSink& sink, SegmentOut& segment);
  ReceiveQueue::SackReport fill_sack(SegmentOut& segment) const;
  std::uint16_t sendable(bool& fin, std::uint16_t most) const;
  void track(Offset from, std::uint16_t size, bool fin, Instant now);
  void arm_persist(Instant now);
  std::uint32_t timestamp(Instant now) const;

  // --- endpoint.cc: timers ---
  void on_retransmit_timer(Instant now);
  void on_slow_timer(Instant now);
  bool gave_up(Instant now) const;
  void suspect_black_hole(Instant now);
  void narrow(std::uint16_t segment_max, Duration until_wider, Instant now);
  std::uint16_t wider_payload(Instant now) const;
  void begin_widening(Offset end);
  void widening_failed(Instant now);
  void widened();
  void account();

  const EndpointSettings* settings_;
  ReceiveQueue receive_;
  SendQueue send_;
  Recovery recovery_;
  SequenceBase send_base_;  // sequence number of offset 0, which is the first byte after adoption
  SequenceBase receive_base_;

  // The peer's window (RFC 9293 §3.3.1): its right edge, and the segment that told it (SND.WL1, SND.WL2).
  Offset window_edge_;
  std::uint32_t window_sequence_ = 0;  // low halves of offsets
  std::uint32_t window_acknowledgement_ = 0;
  Offset acknowledged_to_peer_ = 0;  // Last.ACK.sent

  // Timers; kNever while they do not run.
  Instant retransmit_at_ = kNever;  // retransmission, or window probe where nothing is outstanding
  Instant acknowledge_at_ = kNever;
  Instant slow_at_ = kNever;   // keepalive; end of TIME_WAIT
  Instant retry_at_ = kNever;  // the sink or the pool had nothing left

  Instant heard_;

  /// EndpointCounters, but for what can be told from elsewhere.
  struct Counted {
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_retransmitted = 0;
    std::uint32_t segments_received = 0;
    std::uint32_t segments_sent = 0;
    std::uint32_t segments_retransmitted = 0;
    std::uint32_t timeouts = 0;
    std::uint32_t tail_probes = 0;
    std::uint32_t segments_refused = 0;
    std::uint32_t memory_refusals = 0;
  };
  Counted counters_{};
  std::uint32_t stalled_since_ms_;  // nothing has been acknowledged since, though something is to be
  std::uint32_t sent_at_ms_;        // last text
  std::uint32_t challenged_ms_;     // last challenge ACK
  std::uint32_t timestamp_at_s_;    // when timestamp_recent_ was taken
  std::uint32_t timestamp_recent_;  // TS.Recent
  std::uint32_t timestamp_base_;    // TSval at time zero
  std::uint32_t window_largest_;    // MAX.SND.WND
  std::uint32_t unacknowledged_received_ = 0;  // bytes that came since our last ACK
  std::uint32_t reset_sequence_ = 0;
  std::uint32_t opened_at_ms_;      // when the peer's window was last opened, after it was closed
  std::uint32_t bookkeeping_ = 0;   // bytes beside the chunks that the pool knows of
  std::uint32_t widening_end_ = 0;  // the wider segment that is on its way ends there; low half
  // The path was found to be narrower than segment_max_ was before: 0, or what it was, and when (whole
  // seconds, low half) a segment of that size is tried again.
  std::uint16_t wider_segment_max_ = 0;
  std::uint16_t widen_at_s_ = 0;
  std::uint16_t challenge_pause_ms_ = 0;  // no challenge ACK for so long after the last one
  std::uint16_t segment_max_;             // payload and options of one segment
  std::uint16_t payload_max_;             // payload of a full segment
  std::uint16_t peer_segment_;            // payload of the largest segment that came
  std::uint8_t peer_shift_;
  std::uint8_t quick_acks_;
  std::uint8_t duplicates_owed_ = 0;  // duplicate ACKs for a peer without SACK, each of which counts
  std::uint8_t keepalives_left_ = 0;
  State state_ = State::kEstablished;
  Reason failure_ = Reason::none;
  Leg leg_;
  std::uint8_t widen_step_ : 2 = 0;
  bool widening_ : 1 = false;
  bool timestamps_ : 1;
  bool sack_ : 1;
  bool ecn_ : 1;
  bool congestion_seen_ : 1 = false;  // the peer's text was marked: told with every segment until its CWR
  bool reset_due_ : 1 = false;
  bool reset_answers_ : 1 = false;    // the reset that is due answers a segment, and acknowledges nothing
  bool resets_answered_ : 1 = false;  // closed by abort or time-out: whatever comes is answered with RST
  bool acknowledge_due_ : 1 = false;
  bool probe_due_ : 1 = false;
  bool probing_ : 1 = false;  // what is outstanding lies beyond the peer's window
  bool keepalive_due_ : 1 = false;
  bool flush_due_ : 1 = false;
  bool news_ : 1 = false;
  bool peer_probed_ : 1 = false;
  bool writer_waits_ : 1 = false;    // the user was left with less than half of its credit
  bool writer_starved_ : 1 = false;  // the pool had nothing left for the user's bytes
};

// Intercepted flows are counted in hundreds of thousands, and most of them are at rest.
static_assert(sizeof(Endpoint) <= 512);

}  // namespace limpid::tcp
