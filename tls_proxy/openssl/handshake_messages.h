// The messages of TLS handshakes by their types (RFC 8446 §4, RFC 5246 §7.4), for saying how far a handshake
// came. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/bytes.h"

namespace limpid::openssl {

/// The type of no message.
inline constexpr std::uint8_t kNoMessage = 255;

/// Of one leg's handshake, the last in each direction.
struct LastMessages {
  std::uint8_t received = kNoMessage;
  std::uint8_t sent = kNoMessage;
};

/// The type of a whole message, its header included. A HelloRetryRequest, which is a ServerHello on the wire
/// (RFC 8446 §4.1.3), has the number that drafts gave it.
std::uint8_t message_type(Bytes message);
/// "ServerHello"; "an unknown message" for what has no name; empty for kNoMessage. Static.
std::string_view message_name(std::uint8_t type);

}  // namespace limpid::openssl
