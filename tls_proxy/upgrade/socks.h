// SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): what the client asks for before its tunnel begins.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tls_proxy/upgrade/message_head.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::tls {

class Socks4 final : public Recogniser {
 public:
  Finding on_client(Bytes bytes) override;
  Finding on_server(Bytes bytes) override;
  const TunnelTarget* target() const override { return &target_; }

 private:
  bool take_text(Bytes& rest);

  MessageHead request_;
  MessageHead reply_;
  std::string text_;  // the user's name, then (4a) the server's
  TunnelTarget target_;
  bool user_known_ = false;
  bool asked_ = false;
};

/// A client may send its request without waiting for the choice of a method; only behind it nothing may come.
class Socks5 final : public Recogniser {
 public:
  Finding on_client(Bytes bytes) override;
  Finding on_server(Bytes bytes) override;
  const TunnelTarget* target() const override { return &target_; }

 private:
  enum class Answer : std::uint8_t { kMethod, kStatus, kReply };
  Finding on_message(Bytes& rest);
  Finding on_request(Bytes& rest);
  Finding on_reply(Bytes& rest);

  MessageHead client_;
  MessageHead server_;
  TunnelTarget target_;
  Answer next_ = Answer::kMethod;  // what the server says next
  bool greeted_ = false;           // the client has named its methods
  bool asked_ = false;
};

}  // namespace limpid::tls
