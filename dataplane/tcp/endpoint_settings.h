// What the operator or the wiring chooses for endpoints, and what the flow engine hands over at adoption.
// Plain values; one EndpointSettings serves all endpoints of a worker and outlives them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/leg.h"

namespace limpid::tcp {

enum class CongestionControl : std::uint8_t { kCubic, kReno };  // RFC 9438, RFC 5681

/// Sizes are bytes unless the name says otherwise. The defaults are for the network side.
struct EndpointSettings {
  // Autotuned from the initial size up to the largest; what is received also as far as the window shift
  // allows.
  std::size_t receive_buffer_initial = std::size_t{64} << 10U;
  std::size_t receive_buffer_max = std::size_t{6} << 20U;
  std::size_t send_buffer_initial = std::size_t{256} << 10U;
  std::size_t send_buffer_max = std::size_t{4} << 20U;
  // Separate pieces held beyond a gap. A burst at 10 Gbit/s, of which 5 % come 2 ms late, leaves about 90.
  std::uint32_t out_of_order_ranges_max = 512;
  std::uint32_t sent_segments_max = 4096;  // in flight at once, whatever their size

  CongestionControl congestion = CongestionControl::kCubic;
  std::uint32_t initial_window_segments = 10;  // RFC 6928

  Duration rto_initial = std::chrono::seconds{1};  // RFC 6298 §2.1
  Duration rto_min = std::chrono::milliseconds{200};
  Duration rto_max = std::chrono::seconds{60};
  Duration give_up_after =
      std::chrono::seconds{100};  // R2 (RFC 9293 §3.8.3): nothing acknowledged for so long
  Duration zero_window_max = std::chrono::hours{1};        // peer answers, but takes nothing for so long
  Duration keepalive_interval = std::chrono::seconds{15};  // between unanswered keepalive probes
  std::uint8_t keepalive_probes = 5;                       // unanswered: the peer is gone
  Duration ack_delay = std::chrono::milliseconds{40};      // RFC 9293 §3.8.6.3
  std::uint8_t quick_acks = 16;                            // the first segments are acknowledged at once
  Duration time_wait = std::chrono::seconds{60};
  Duration challenge_ack_interval = std::chrono::milliseconds{500};  // RFC 5961 §7, per flow
};

/// A flow taken over in mid-stream, at a point where nothing that we would own is unacknowledged.
struct Adoption {
  std::uint32_t snd_nxt = 0;           // the next sequence number we send (the impersonated side's)
  std::uint32_t rcv_nxt = 0;           // the next one we expect from the peer
  std::uint32_t peer_window = 0;       // bytes, already scaled
  std::uint8_t peer_window_shift = 0;  // applied to the windows that the peer announces; clamped to 14
  std::uint8_t our_window_shift = 0;   // announced by the impersonated side: what the peer applies to ours
  bool sack = false;                   // both sides permitted it
  bool ecn = false;                    // both sides agreed on it in their SYN (RFC 3168 §6.1.1)
  bool timestamps = false;             // both sides sent them on their SYN
  std::uint32_t ts_recent = 0;         // the peer's last TSval
  std::uint32_t ts_value = 0;          // the impersonated side's last TSval; ours goes on from it, 1 per ms
  std::uint16_t mss = 536;             // payload + options we may send per segment; never taken below 88
  /// The right edge that the impersonated side has announced already, as bytes beyond rcv_nxt: it is not
  /// taken back. 0: unknown.
  std::uint32_t our_window_announced = 0;
  Duration rtt{};  // measured in the handshake; zero: unknown
  Leg leg = Leg::kClient;
};

}  // namespace limpid::tcp
