// SecondDialogue: what was said in the clear before the TLS of a session, once more, on a second connection
// to the same server. The client's words are said as they were; the server's are read along and go no
// further: the client has heard them. Owned by one TlsSession; the worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/flow/flow_user.h"
#include "policy/upgrade_protocol.h"
#include "tls_proxy/prelude.h"
#include "tls_proxy/upgrade/upgrade_dialogue.h"

namespace limpid::tls {

class SecondDialogue {
 public:
  /// Nothing that the server has said is used by the client later on.
  static bool is_possible(const Prelude& prelude);

  /// `of_port`: what is spoken on the server's port; nothing: nobody says. `prelude` outlives it.
  SecondDialogue(const Prelude& prelude, std::optional<policy::UpgradeProtocol> of_port)
      : prelude_(prelude), door_(of_port) {}

  enum class State : std::uint8_t {
    kGoesOn,
    kAgreed,  // the client's next bytes are its ClientHello
    kFailed,  // the server answers otherwise than the first time
  };
  /// As far as the server's bytes go.
  State run(tcp::ByteStream& server);

 private:
  bool say(tcp::ByteStream& server);
  bool hear(tcp::ByteStream& server);
  bool has_answered() const;

  const Prelude& prelude_;
  UpgradeDialogue door_;
  std::size_t turn_ = 0;
  std::size_t said_ = 0;  // bytes of the client's turn
  std::string heard_;     // of the server's
  bool upgraded_ = false;
  bool failed_ = false;
};

}  // namespace limpid::tls
