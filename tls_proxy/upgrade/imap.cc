#include "tls_proxy/upgrade/imap.h"

#include "tls_proxy/upgrade/words.h"

namespace limpid::tls {

Finding Imap::on_client(Bytes bytes) {
  std::string_view line;
  while (!bytes.empty()) {
    if (!upgrade_.empty()) return kPipelined;
    const LineSplitter::Took took = client_.next(bytes, line);
    if (took == LineSplitter::Took::kTooLong) return kTooMuch;
    if (took == LineSplitter::Took::kLine) on_command(line);
  }
  return kMore;
}

/// Lines of a SASL exchange have no second word.
void Imap::on_command(std::string_view line) {
  const std::string_view tag = take_word(line);
  const std::string_view command = take_word(line);
  if (same_word(command, "STARTTLS")) upgrade_ = tag;
  if (same_word(command, "LOGIN") || same_word(command, "AUTHENTICATE")) login_ = tag;
}

Finding Imap::on_server(Bytes bytes) {
  std::string_view line;
  while (!bytes.empty()) {
    const LineSplitter::Took took = server_.next(bytes, line);
    if (took == LineSplitter::Took::kTooLong) return kTooMuch;
    if (took == LineSplitter::Took::kNothing) break;
    if (const Finding found = on_answer(line, bytes); found.kind != Finding::Kind::kMore) return found;
  }
  return kMore;
}

Finding Imap::on_answer(std::string_view line, Bytes rest) {
  const std::string_view tag = take_word(line);
  const std::string_view status = take_word(line);
  if (tag.empty()) return kMore;
  if (tag == "*") return same_word(status, "PREAUTH") ? kStaysPlain : kMore;
  if (tag == upgrade_) {
    upgrade_.clear();
    return same_word(status, "OK") ? agreed(rest) : kMore;
  }
  return tag == login_ && same_word(status, "OK") ? kStaysPlain : kMore;
}

}  // namespace limpid::tls
