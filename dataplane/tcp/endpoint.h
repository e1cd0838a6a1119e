// Endpoint: one terminated TCP connection as a pure state machine (RFC 9293 and the RFCs named in README.md).
// Segments, a clock reading and calls of the user go in; segments come out of flush(), and the user learns of
// changes through take_news(). No clock, socket, randomness or logger inside. Thread: the flow's worker. The
// flow engine calls on_segment() for each segment of a burst, lets the user run, then calls flush() once. It
// must never send anything outside flush(), and never hold more memory than its settings allow.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "dataplane/tcp/byte_stream.h"
#include "dataplane/tcp/chunk_pool.h"
#include "dataplane/tcp/endpoint_settings.h"
#include "dataplane/tcp/segment.h"

namespace limpid::tcp {

enum class State : std::uint8_t {
  kSynSent,
  kSynReceived,
  kEstablished,
  kFinWait1,
  kFinWait2,
  kCloseWait,
  kClosing,
  kLastAck,
  kTimeWait,
  kClosed,
};

/// The operator's words: "SYN_SENT", "SYN_RCV", "EST", "FIN_WAIT_1" … "TIME_WAIT", "CLOSED".
std::string_view name(State state);

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
  void on_segment(const SegmentIn& segment, Instant now);
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

  /// Asks the peer for a sign of life (RFC 9293 §3.8.4). Unanswered probes end in failure().
  void start_keepalive(Instant now);
  /// The peer has sent a keepalive probe since this was last asked: probe the other leg, too (rate-limit it).
  bool take_peer_probe();

  const EndpointCounters& counters() const { return counters_; }
  /// Memory held now, in chunks.
  std::size_t chunks() const;

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
  State state_ = State::kEstablished;
  Reason failure_ = Reason::none;
  bool reset_due_ = false;
  Instant heard_{};
  EndpointCounters counters_{};
};

}  // namespace limpid::tcp
