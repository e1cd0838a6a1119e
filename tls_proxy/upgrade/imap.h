// IMAP (RFC 9051 §6.2.1): commands have tags, and so have their answers. After a login there is no STARTTLS.
#pragma once

#include <string>
#include <string_view>

#include "tls_proxy/upgrade/line_splitter.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::tls {

class Imap final : public Recogniser {
 public:
  Finding on_client(Bytes bytes) override;
  Finding on_server(Bytes bytes) override;

 private:
  void on_command(std::string_view line);
  Finding on_answer(std::string_view line, Bytes rest);

  LineSplitter client_{LineSplitter::Literals::kYes};
  LineSplitter server_{LineSplitter::Literals::kYes};
  std::string upgrade_;  // the tag of STARTTLS while it is not answered
  std::string login_;    // likewise, of the last command that logs in
};

}  // namespace limpid::tls
