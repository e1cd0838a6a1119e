// UpgradeDialogue: the one door of this folder. A connection that begins in the clear and may become TLS is
// shown to it, both sides' bytes in the order in which they were seen, cut anywhere, and it says what they
// come to. What is spoken follows from the port's configuration, or else from the client's first bytes (HTTP
// CONNECT, SOCKS); a PROXY header may stand before either. Pure and bounded; called by the flow's watch, on
// the worker's thread. It never looks at TLS itself: whether the client's next bytes are a ClientHello is
// judged by others.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "policy/upgrade_protocol.h"
#include "tls_proxy/upgrade/proxy_header.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::tls {

class UpgradeDialogue {
 public:
  /// Of both sides together.
  static constexpr std::size_t kBytesMax = 65'536;

  /// nullopt: nobody says what is spoken on the port.
  explicit UpgradeDialogue(std::optional<policy::UpgradeProtocol> of_port);

  /// Neither is to be called after kNever or kViolation, nor on_client() after kUpgraded.
  Finding on_client(Bytes bytes);
  Finding on_server(Bytes bytes);

  /// "smtp", "connect", "socks5", "proxy" …; empty where the client began TLS without a word.
  std::string_view spoken() const { return spoken_; }
  /// Whom the client wants to reach through a proxy; null: it spoke with none.
  const TunnelTarget* target() const { return recogniser_ ? recogniser_->target() : nullptr; }

 private:
  bool count(Bytes bytes);
  Finding on_words(Bytes bytes);
  bool recognise(char first);
  Finding on_server_before_hello(Bytes bytes) const;

  std::optional<policy::UpgradeProtocol> of_port_;
  std::unique_ptr<ProxyHeader> proxy_;  // while the client may still begin with one
  std::unique_ptr<Recogniser> recogniser_;
  std::string_view spoken_;
  std::size_t bytes_ = 0;
  bool proxied_ = false;
  bool client_spoke_ = false;  // words of its own
  bool upgraded_ = false;
  bool agreed_ = false;  // upgraded by the server's word
};

}  // namespace limpid::tls
