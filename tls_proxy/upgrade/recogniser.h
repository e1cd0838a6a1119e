// Recogniser: what every protocol of this folder is to UpgradeDialogue: a pure state machine that is given
// the bytes of both sides in the order in which they were seen, cut anywhere, and says what they come to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "dataplane/base/bytes.h"
#include "dataplane/base/reasons.h"

namespace limpid::tls {

struct Finding {
  enum class Kind : std::uint8_t {
    kMore,       // go on
    kUpgraded,   // the client's next bytes are a ClientHello, if it does what it asked for
    kNever,      // there will be none: the reason says why
    kViolation,  // somebody spoke where it may not, so that plain bytes could pass for protected ones
  };
  Kind kind = Kind::kMore;
  Reason reason = Reason::none;
  /// kUpgraded by the client's own bytes: so many of those just given come before its ClientHello.
  std::size_t prefix = 0;
};

inline constexpr Finding kMore{};
inline constexpr Finding kUpgraded{.kind = Finding::Kind::kUpgraded};
/// The dialogue goes on in the clear for good.
inline constexpr Finding kStaysPlain{.kind = Finding::Kind::kNever, .reason = Reason::upgrade_not_made};
inline constexpr Finding kNonsense{.kind = Finding::Kind::kNever, .reason = Reason::upgrade_malformed};
inline constexpr Finding kTooMuch{.kind = Finding::Kind::kNever, .reason = Reason::upgrade_too_long};
/// The client has asked for TLS, and goes on in the clear before it is answered: command injection.
inline constexpr Finding kPipelined{.kind = Finding::Kind::kViolation, .reason = Reason::upgrade_pipelined};
/// The server has agreed, and goes on in the clear: response injection.
inline constexpr Finding kReplyFollowed{.kind = Finding::Kind::kViolation,
                                        .reason = Reason::upgrade_reply_followed};

/// The server has just agreed; `rest` follows in the same bytes.
inline Finding agreed(Bytes rest) { return rest.empty() ? kUpgraded : kReplyFollowed; }

/// Whom the client wants to reach through a proxy.
struct TunnelTarget {
  std::string host;  // a name, or an address without brackets
  std::uint16_t port = 0;

  friend bool operator==(const TunnelTarget&, const TunnelTarget&) = default;
};

class Recogniser {
 public:
  virtual ~Recogniser() = default;
  /// Neither is called again after a finding that is not kMore.
  virtual Finding on_client(Bytes bytes) = 0;
  virtual Finding on_server(Bytes bytes) = 0;
  /// Of a proxy's protocol; null: it is none. Empty until the client has asked.
  virtual const TunnelTarget* target() const { return nullptr; }
};

}  // namespace limpid::tls
