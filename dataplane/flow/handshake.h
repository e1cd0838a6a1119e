// Handshake: what is learned of a candidate flow while it is only watched: sequence numbers, options,
// windows, round trips and header templates of both sides. From it an adoption's two endpoints are made. A
// passive observer: it decides nothing and changes no packet. Thread: the flow's worker.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/endpoint_settings.h"
#include "dataplane/wire/header_template.h"
#include "dataplane/wire/packet_view.h"
#include "dataplane/wire/tcp_options.h"

namespace limpid::flow {

/// One side of the flow, as its own segments show it.
struct ObservedPeer {
  std::uint32_t next = 0;      // behind what it sent and we let pass
  std::uint32_t window = 0;    // bytes, scaled, as last announced
  std::uint32_t edge = 0;      // the right edge of that: ack + window
  std::uint32_t acked = 0;     // what it has acknowledged of the other side's
  std::uint32_t ts_value = 0;  // last TSval
  std::uint16_t mss = 0;
  std::uint8_t shift = 0;
  bool scales = false;
  bool sack = false;
  bool ecn = false;  // asked for it, or agreed (RFC 3168 §6.1.1)
  bool timestamps = false;
  wire::HeaderTemplate headers;  // as it speaks to the other side
};

class Handshake {
 public:
  /// The SYN that opened the flow.
  Handshake(const wire::PacketView& syn, const wire::TcpOptions& options, Instant now);

  /// The SYN once more: a round trip can then no longer be measured (Karn).
  /// Clients give up on ECN first when nothing answers (RFC 3168 §6.1.1.1).
  void on_syn_again(const wire::PacketView& view);
  /// The server has not heard the client's acknowledgement, and repeats what it answered. Its clock has gone
  /// on, and its way may be another: who speaks in its name goes on from there.
  void on_syn_ack_again(const wire::PacketView& view);
  /// Whether it answers the SYN. If so it is noted (its retransmissions, too).
  bool on_syn_ack(const wire::PacketView& view, const wire::TcpOptions& options, Instant now);
  /// Whether a client's segment completes the handshake.
  bool completes(const wire::PacketView& view) const;
  void on_complete(Instant now);
  /// Whether a later segment, while neither side's bytes are let pass, is one that its receiver could take:
  /// it acknowledges exactly what there is, does not lie far ahead, and its timestamp is not an old one. What
  /// does not fit was made by somebody who guesses, or who wants us to see what the receiver will not.
  /// While bytes are let pass, older acknowledgements are as good.
  enum class Phase : std::uint8_t { kSilence, kDialogue };
  bool fits(bool from_client, const wire::PacketView& view, Phase phase = Phase::kSilence) const;
  /// Any later segment of either side that is let pass: window, timestamp, headers. Not its bytes.
  void observe(bool from_client, const wire::PacketView& view);
  /// So many bytes of that side were let pass.
  void advance(bool from_client, std::size_t bytes);
  /// Its acknowledgement alone: of a segment that is not let pass.
  void note_acknowledgement(bool from_client, const wire::PacketView& view);
  /// Both sides have acknowledged all that was let pass: an endpoint would have nothing to send again.
  bool settled() const { return client_.acked == server_.next && server_.acked == client_.next; }

  const ObservedPeer& client() const { return client_; }
  const ObservedPeer& server() const { return server_; }

  /// What the endpoint towards the client (speaking as the server) or towards the server goes on from.
  tcp::Adoption adoption(tcp::Leg leg, std::uint16_t mss_max) const;

 private:
  ObservedPeer client_;
  ObservedPeer server_;
  Instant syn_at_;
  Instant syn_ack_at_ = kNever;
  Duration server_rtt_{};
  Duration client_rtt_{};
};

/// The largest MSS option value for an IP packet of `mtu` bytes.
constexpr std::uint16_t mss_for(std::uint16_t mtu, bool v6) {
  const int headers = v6 ? 60 : 40;
  return static_cast<std::uint16_t>(mtu > headers + 88 ? mtu - headers : 88);
}

/// Smaller announcements are not taken over: tiny segments are an attack on memory (tcp.md §3.8).
inline constexpr std::uint16_t kMssMin = 216;

}  // namespace limpid::flow
