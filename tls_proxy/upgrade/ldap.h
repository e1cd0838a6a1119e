// LDAP's StartTLS (RFC 4511 §4.14): an extended operation, answered under its message identifier. Messages
// are read as far as their operation; the rest of long ones is passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tls_proxy/upgrade/message_head.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::tls {

/// The messages of one direction.
class LdapMessages {
 public:
  enum class Took : std::uint8_t { kMessage, kNothing, kMalformed };
  /// What of a message matters.
  struct Message {
    std::uint32_t id = 0;
    std::uint8_t operation = 0;  // its tag
    Bytes body;                  // of the operation, as far as it is kept; valid until the next call
  };
  Took next(Bytes& rest, Message& message);

 private:
  /// Of the message behind its header; nullopt: the header is not there yet.
  std::optional<std::size_t> content(Bytes& rest);

  MessageHead head_;
  MessageHead kept_;      // the one that was handed out
  std::size_t skip_ = 0;  // of a long message
  bool malformed_ = false;
};

class Ldap final : public Recogniser {
 public:
  Finding on_client(Bytes bytes) override;
  Finding on_server(Bytes bytes) override;

 private:
  LdapMessages client_;
  LdapMessages server_;
  std::optional<std::uint32_t> asked_;  // the message's identifier
};

}  // namespace limpid::tls
