// TCP options as values (RFC 9293 §3.2, 7323, 2018). Parsed once by wire::parse_tcp_options, written by
// wire::write_tcp_options; the endpoint and the watcher see only this.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "dataplane/base/bytes.h"

namespace limpid::wire {

/// [left, right) in sequence numbers of the stream that is being acknowledged (RFC 2018 §3).
struct SackBlock {
  std::uint32_t left = 0;
  std::uint32_t right = 0;
  friend bool operator==(const SackBlock&, const SackBlock&) = default;
};

struct Timestamps {
  std::uint32_t value = 0;  // TSval
  std::uint32_t echo = 0;   // TSecr
  friend bool operator==(const Timestamps&, const Timestamps&) = default;
};

struct TcpOptions {
  std::optional<Timestamps> timestamps;
  std::optional<std::uint16_t> mss;          // SYN only
  std::optional<std::uint8_t> window_scale;  // SYN only, as announced: the reader clamps it to 14
  bool sack_permitted = false;               // SYN only
  std::uint8_t sack_blocks = 0;              // how many of `sack` are meant
  std::array<SackBlock, 4> sack{};

  // Seen, not understood any further: they decide what the watcher does with a flow.
  bool fast_open = false;       // kind 34, or 254 with magic 0xF989 (RFC 7413)
  bool multipath = false;       // kind 30 (RFC 8684)
  bool multipath_join = false;  // of these, MP_JOIN: a further path of a connection
  bool signature = false;       // kind 19 MD5 (RFC 2385) or 29 TCP-AO (RFC 5925)
  bool unknown = false;         // anything else

  friend bool operator==(const TcpOptions&, const TcpOptions&) = default;
};

inline constexpr std::size_t kTcpOptionsMax = 40;

/// Reads the options of a TCP header (what lies between its 20 fixed bytes and its data offset). Nothing
/// where an option runs over the end or has an impossible length. What is repeated counts as it stood last.
std::optional<TcpOptions> parse_tcp_options(Bytes bytes);

/// Writes what is set of MSS, window scale, SACK-permitted, timestamps and SACK blocks, padded with NOPs to a
/// multiple of four; as many SACK blocks as there is room for. `into` has kTcpOptionsMax bytes. Returns the
/// size.
std::size_t write_tcp_options(const TcpOptions& options, MutableBytes into);

}  // namespace limpid::wire
