#include "dataplane/flow/handshake.h"

#include <algorithm>

#include "dataplane/tcp/segment.h"

namespace limpid::flow {

namespace {

constexpr std::uint8_t kShiftMax = 14;  // RFC 7323 §2.3: what is larger counts as 14

constexpr std::uint32_t kAheadMax = 1U << 20U;  // more than any client sends before the first acknowledgement

ObservedPeer peer_of(const wire::PacketView& view, const wire::TcpOptions& options) {
  ObservedPeer peer;
  peer.next = view.seq + 1;
  peer.window = view.window;  // never scaled on a SYN
  peer.edge = view.ack + view.window;
  peer.acked = view.ack;
  peer.ts_value = options.timestamps ? options.timestamps->value : 0;
  // What counts where none is announced: RFC 9293 §3.7.1.
  peer.mss = options.mss.value_or(static_cast<std::uint16_t>(view.ip.v6 ? 1220 : 536));
  peer.shift = std::min(options.window_scale.value_or(0), kShiftMax);
  peer.scales = options.window_scale.has_value();
  peer.sack = options.sack_permitted;
  peer.timestamps = options.timestamps.has_value();
  const unsigned ecn = view.flags & unsigned{tcp::kEce | tcp::kCwr};
  peer.ecn = ecn == ((view.flags & tcp::kAck) != 0 ? unsigned{tcp::kEce} : unsigned{tcp::kEce | tcp::kCwr});
  peer.headers.learn(view);
  return peer;
}

/// The peer has this timestamp of it: an older one would be refused (RFC 7323 §5.3).
void note_clock(ObservedPeer& peer, const wire::PacketView& view) {
  const std::optional<wire::TcpOptions> options = wire::parse_tcp_options(view.option_bytes());
  if (!options || !options->timestamps) return;
  const std::uint32_t value = options->timestamps->value;
  if (static_cast<std::int32_t>(value - peer.ts_value) > 0) peer.ts_value = value;
}

}  // namespace

Handshake::Handshake(const wire::PacketView& syn, const wire::TcpOptions& options, Instant now)
    : client_(peer_of(syn, options)), syn_at_(now) {}

void Handshake::on_syn_again(const wire::PacketView& view) {
  syn_at_ = kNever;
  note_clock(client_, view);
  if ((view.flags & tcp::kEce) == 0) client_.ecn = false;
}

void Handshake::on_syn_ack_again(const wire::PacketView& view) {
  if (view.ack != client_.next || view.seq + 1 != server_.next) return;
  note_clock(server_, view);
  server_.headers.learn(view);
}

bool Handshake::on_syn_ack(const wire::PacketView& view, const wire::TcpOptions& options, Instant now) {
  if (view.ack != client_.next) return false;
  const bool again = server_.headers.known();
  server_ = peer_of(view, options);
  client_.acked = view.seq;  // nothing of the server's yet
  if (again) {
    syn_ack_at_ = kNever;
  } else {
    syn_ack_at_ = now;
    if (syn_at_ != kNever) server_rtt_ = now - syn_at_;
  }
  return true;
}

bool Handshake::completes(const wire::PacketView& view) const {
  // The bare acknowledgement and even the first bytes may be lost: what follows them completes it as well,
  // and must not reach the server, or the server would own bytes that the endpoints do not.
  const std::uint32_t ahead = view.seq - client_.next;
  return (view.flags & tcp::kAck) != 0 && view.ack == server_.next && ahead < kAheadMax;
}

void Handshake::on_complete(Instant now) {
  if (syn_ack_at_ != kNever) client_rtt_ = now - syn_ack_at_;
}

bool Handshake::fits(bool from_client, const wire::PacketView& view, Phase phase) const {
  const ObservedPeer& sender = from_client ? client_ : server_;
  const ObservedPeer& receiver = from_client ? server_ : client_;
  const auto ahead = static_cast<std::int32_t>(view.seq - sender.next);
  const auto unacknowledged = static_cast<std::int32_t>(receiver.next - view.ack);
  const std::int32_t most = phase == Phase::kDialogue ? static_cast<std::int32_t>(kAheadMax) : 0;
  if ((view.flags & tcp::kAck) == 0 || unacknowledged < 0 || unacknowledged > most) return false;
  if (ahead >= static_cast<std::int32_t>(kAheadMax)) return false;
  if (!client_.timestamps || !server_.timestamps) return true;
  const std::optional<wire::TcpOptions> options = wire::parse_tcp_options(view.option_bytes());
  if (!options) return false;
  return !options->timestamps || static_cast<std::int32_t>(options->timestamps->value - sender.ts_value) >= 0;
}

void Handshake::observe(bool from_client, const wire::PacketView& view) {
  ObservedPeer& peer = from_client ? client_ : server_;
  const bool scaled = client_.scales && server_.scales;
  if ((view.flags & tcp::kAck) != 0) {
    peer.window = static_cast<std::uint32_t>(view.window) << (scaled ? peer.shift : 0U);
    peer.edge = view.ack + peer.window;
    note_acknowledgement(from_client, view);
  }
  if (client_.timestamps && server_.timestamps) {
    const std::optional<wire::TcpOptions> options = wire::parse_tcp_options(view.option_bytes());
    if (options && options->timestamps) peer.ts_value = options->timestamps->value;
  }
  peer.headers.learn(view);
}

void Handshake::advance(bool from_client, std::size_t bytes) {
  (from_client ? client_ : server_).next += static_cast<std::uint32_t>(bytes);
}

void Handshake::note_acknowledgement(bool from_client, const wire::PacketView& view) {
  std::uint32_t& acked = (from_client ? client_ : server_).acked;
  if (static_cast<std::int32_t>(view.ack - acked) > 0) acked = view.ack;
}

tcp::Adoption Handshake::adoption(tcp::Leg leg, std::uint16_t mss_max) const {
  const bool to_client = leg == tcp::Leg::kClient;
  const ObservedPeer& peer = to_client ? client_ : server_;
  const ObservedPeer& impersonated = to_client ? server_ : client_;
  const bool scaled = client_.scales && server_.scales;
  const std::uint32_t announced = impersonated.edge - peer.next;

  tcp::Adoption adoption;
  adoption.snd_nxt = impersonated.next;
  adoption.rcv_nxt = peer.next;
  adoption.peer_window = peer.window;
  adoption.peer_window_shift = scaled ? peer.shift : std::uint8_t{0};
  adoption.our_window_shift = scaled ? impersonated.shift : std::uint8_t{0};
  adoption.sack = client_.sack && server_.sack;
  // A server that agreed goes on with it though the client has given up meanwhile; the client does not.
  adoption.ecn = server_.ecn && (client_.ecn || !to_client);
  adoption.timestamps = client_.timestamps && server_.timestamps;
  adoption.ts_recent = peer.ts_value;
  adoption.ts_value = impersonated.ts_value;
  adoption.mss = std::min(peer.mss, mss_max);
  adoption.our_window_announced = static_cast<std::int32_t>(announced) > 0 ? announced : 0;
  adoption.rtt = to_client ? client_rtt_ : server_rtt_;
  adoption.leg = leg;
  return adoption;
}

}  // namespace limpid::flow
