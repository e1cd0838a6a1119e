#include "tls_proxy/upgrade/irc.h"

#include "tls_proxy/upgrade/words.h"

namespace limpid::tls {

namespace {

/// Takes the command off a message, and what stands before it: tags ("@…") and the sender (":…").
std::string_view take_command(std::string_view& message) {
  std::string_view word = take_word(message);
  if (word.starts_with('@')) word = take_word(message);
  if (word.starts_with(':')) word = take_word(message);
  return word;
}

/// What a server without STARTTLS says to it, it says to other commands as well. `rest`: whom it is for,
/// which command it is about, where the server names it, and words for people.
bool may_refuse(std::string_view numeric, std::string_view rest) {
  if (numeric == "691") return true;
  if (numeric != "421" && numeric != "451") return false;
  take_word(rest);
  const std::string_view about = take_word(rest);
  return about.empty() || about.starts_with(':') || same_word(about, "STARTTLS");
}

}  // namespace

Finding Irc::on_client(Bytes bytes) {
  std::string_view line;
  while (!bytes.empty()) {
    if (asked_ && !refused_) return kPipelined;
    asked_ = refused_ = false;
    const LineSplitter::Took took = client_.next(bytes, line);
    if (took == LineSplitter::Took::kTooLong) return kTooMuch;
    if (took == LineSplitter::Took::kLine) asked_ = same_word(take_command(line), "STARTTLS");
  }
  return kMore;
}

Finding Irc::on_server(Bytes bytes) {
  std::string_view line;
  while (!bytes.empty()) {
    const LineSplitter::Took took = server_.next(bytes, line);
    if (took == LineSplitter::Took::kTooLong) return kTooMuch;
    if (took == LineSplitter::Took::kNothing) break;
    if (const Finding found = on_message(line, bytes); found.kind != Finding::Kind::kMore) return found;
  }
  return kMore;
}

Finding Irc::on_message(std::string_view message, Bytes rest) {
  const std::string_view command = take_command(message);
  if (command == "001") return kStaysPlain;  // registered
  if (!asked_) return kMore;
  if (command == "670") return agreed(rest);
  refused_ = refused_ || may_refuse(command, message);
  return kMore;
}

}  // namespace limpid::tls
