// IRC's STARTTLS (the IRCv3 "tls" extension), before the client is registered: 670 agrees, 691 refuses, and
// servers that do not know it answer 421 or 451. Other messages may come in between, and these two may also
// be about a command before it: so 670 counts for as long as the client has not gone on.
#pragma once

#include <string_view>

#include "tls_proxy/upgrade/line_splitter.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::tls {

class Irc final : public Recogniser {
 public:
  Finding on_client(Bytes bytes) override;
  Finding on_server(Bytes bytes) override;

 private:
  Finding on_message(std::string_view message, Bytes rest);

  LineSplitter client_;
  LineSplitter server_;
  bool asked_ = false;    // and the client has said nothing since
  bool refused_ = false;  // or something before it was
};

}  // namespace limpid::tls
