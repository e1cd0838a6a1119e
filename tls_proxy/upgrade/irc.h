// IRC's STARTTLS (the IRCv3 "tls" extension), before the client is registered: 670 agrees, 691 refuses, and
// servers that do not know it answer 421 or 451. Other messages may come in between.
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
  Finding on_message(std::string_view command, Bytes rest);

  LineSplitter client_;
  LineSplitter server_;
  bool asked_ = false;
};

}  // namespace limpid::tls
