// ReplyDialogue: protocols in which each command is a line that is answered, in order, by a reply with a
// status: SMTP and LMTP (RFC 3207), POP3 (RFC 2595), FTP (RFC 4217), NNTP (RFC 4642), ManageSieve (RFC 5804).
// The server's greeting counts as the reply to a command that nobody gave. Commands may be pipelined before
// the one that asks for TLS, but not behind it.
#pragma once

#include <cstdint>
#include <deque>

#include "tls_proxy/upgrade/line_splitter.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::tls {

class ReplyDialogue final : public Recogniser {
 public:
  /// What sets one protocol apart from the others.
  struct Grammar;
  static const Grammar& smtp();  // and LMTP
  static const Grammar& pop3();
  static const Grammar& ftp();
  static const Grammar& nntp();
  static const Grammar& manage_sieve();

  enum class Command : std::uint8_t {
    kNone,  // a part of the command before
    kOther,
    kUpgrade,
    kLogin,    // once it has succeeded there is no upgrade any more
    kContent,  // raw bytes follow
  };
  /// A reply of more than one line, as far as it has come.
  struct OpenReply {
    std::uint32_t code = 0;  // "250-…": ends with "250 …"
    bool block = false;      // ends with "."
  };
  /// What a server's line is.
  struct Reply {
    enum class Kind : std::uint8_t { kNotYet, kWhole, kPlain, kMalformed };
    Kind kind = Kind::kNotYet;  // kPlain: content follows in the clear
    std::uint32_t code = 0;
  };

  explicit ReplyDialogue(const Grammar& grammar);

  Finding on_client(Bytes bytes) override;
  Finding on_server(Bytes bytes) override;

 private:
  static constexpr std::size_t kUnansweredMax = 64;

  Finding on_command(std::string_view line);
  Finding on_reply(std::uint32_t code, Bytes rest);

  const Grammar& grammar_;
  LineSplitter client_;
  LineSplitter server_;
  std::deque<Command> unanswered_{Command::kOther};  // the greeting
  OpenReply open_;
  Command continued_ = Command::kNone;  // the client's next line belongs to this one
  bool asked_ = false;
};

}  // namespace limpid::tls
