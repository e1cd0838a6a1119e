// WireLint: watches the wire of one endpoint and judges each segment that it sends against what it has been
// sent: windows, acknowledgements, SACK blocks, bytes, timestamps, resets. Computes everything for itself.
#pragma once

#include <map>
#include <optional>

#include "dataplane/tcp/endpoint_settings.h"
#include "tests/simulation/wire.h"

namespace limpid::simulation {

class WireLint {
 public:
  WireLint(const tcp::Adoption& adoption, const tcp::EndpointSettings& settings, const Stream& writes);

  void on_received(const Frame& frame, Instant now);
  std::optional<Complaint> on_sent(const Frame& frame, Instant now);
  /// ICMP about the segment at `seq` was believed: from now on at most `segment_max` bytes of payload and
  /// options.
  void on_too_big(std::uint32_t seq, std::uint16_t segment_max);
  void expect_reset() { reset_expected_ = true; }
  /// Text that came in order is acknowledged in time.
  std::optional<Complaint> check_silence(Instant now, bool lenient) const;
  /// No byte may be sent to the endpoint, as far as it has told.
  bool window_closed() const { return announced_edge_ <= in_order_ && peer_fin_ < 0; }
  /// So many bytes of the peer's have come without a gap.
  std::uint64_t in_order() const { return static_cast<std::uint64_t>(in_order_); }
  /// The most separate pieces of text that there were at once.
  std::size_t pieces_max() const { return pieces_max_; }
  bool has_echoed() const { return has_echoed_; }
  /// Marked text was acknowledged without a word of it, or there was no mark to tell of (RFC 3168 §6.1.3):
  /// unless the endpoint has refused a segment that this observer takes for heard.
  const std::optional<Complaint>& echo_doubted() const { return echo_doubted_; }

 private:
  std::optional<Complaint> check_congestion(const Frame& frame);
  std::optional<Complaint> check_acknowledgement(const Frame& frame);
  std::optional<Complaint> check_sack(const Frame& frame, std::int64_t ack) const;
  std::optional<Complaint> check_text(const Frame& frame);
  void note_received(std::int64_t left, std::int64_t right);
  bool received(std::int64_t left, std::int64_t right) const;

  tcp::Adoption adoption_;
  Duration ack_delay_;
  Stream writes_;
  std::map<std::int64_t, std::int64_t> received_;  // text: left edge to right edge
  std::size_t pieces_max_ = 0;
  std::int64_t in_order_ = 0;  // text received without a gap
  std::int64_t peer_fin_ = -1;
  std::int64_t acknowledged_ = 0;    // by the endpoint
  std::int64_t announced_edge_ = 0;  // by the endpoint
  std::int64_t peer_edge_;           // the highest that the peer has announced
  std::int64_t peer_window_largest_;
  std::int64_t peer_acknowledged_ = 0;
  std::int64_t stray_ack_ = -1;  // beyond what was sent; no connection: its answer is a reset there
  std::int64_t sent_end_ = 0;
  std::int64_t fin_at_ = -1;
  std::int64_t marked_end_ = -1;      // of the marked text that has to be echoed; -1: none
  std::uint64_t reductions_due_ = 0;  // signs of congestion that no CWR has answered: echoes, retransmissions
  std::optional<Complaint> echo_doubted_{};
  std::optional<Complaint> believed_a_lie_{};
  std::uint32_t last_timestamp_ = 0;
  std::optional<Instant> waiting_since_;
  bool has_echoed_ = false;
  bool echo_allowed_ = false;  // marked text has come, and no CWR since
  bool reset_expected_ = false;
  bool reset_sent_ = false;
  bool peer_reset_ = false;
};

}  // namespace limpid::simulation
