#include "tls_proxy/upgrade/irc.h"

#include "tls_proxy/upgrade/words.h"

namespace limpid::tls {

namespace {

/// The command of a message: tags ("@…") and the sender (":…") stand before it.
std::string_view command_of(std::string_view message) {
  std::string_view word = take_word(message);
  if (word.starts_with('@')) word = take_word(message);
  if (word.starts_with(':')) word = take_word(message);
  return word;
}

}  // namespace

Finding Irc::on_client(Bytes bytes) {
  std::string_view line;
  while (!bytes.empty()) {
    if (asked_) return kPipelined;
    const LineSplitter::Took took = client_.next(bytes, line);
    if (took == LineSplitter::Took::kTooLong) return kTooMuch;
    if (took == LineSplitter::Took::kLine) asked_ = same_word(command_of(line), "STARTTLS");
  }
  return kMore;
}

Finding Irc::on_server(Bytes bytes) {
  std::string_view line;
  while (!bytes.empty()) {
    const LineSplitter::Took took = server_.next(bytes, line);
    if (took == LineSplitter::Took::kTooLong) return kTooMuch;
    if (took == LineSplitter::Took::kNothing) break;
    if (const Finding found = on_message(command_of(line), bytes); found.kind != Finding::Kind::kMore)
      return found;
  }
  return kMore;
}

Finding Irc::on_message(std::string_view command, Bytes rest) {
  if (command == "001") return kStaysPlain;  // registered
  if (!asked_) return kMore;
  if (command == "670") return agreed(rest);
  if (command == "691" || command == "421" || command == "451") asked_ = false;
  return kMore;
}

}  // namespace limpid::tls
