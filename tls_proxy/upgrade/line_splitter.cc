#include "tls_proxy/upgrade/line_splitter.h"

#include <algorithm>

#include "tls_proxy/upgrade/words.h"

namespace limpid::tls {

LineSplitter::Took LineSplitter::next(Bytes& rest, std::string_view& line) {
  for (;;) {
    const Took took = next_raw(rest, line);
    if (took != Took::kLine || literals_ == Literals::kNo) return took;
    const bool goes_on = in_command_;
    in_command_ = announces_literal(line);
    if (!goes_on) return took;
  }
}

LineSplitter::Took LineSplitter::next_raw(Bytes& rest, std::string_view& line) {
  const std::size_t skipped = std::min(literal_, rest.size());
  literal_ -= skipped;
  rest = rest.subspan(skipped);
  if (part_told_) part_.clear();
  part_told_ = false;

  const std::string_view text = as_text(rest);
  const std::size_t end = text.find('\n');
  const std::string_view piece = text.substr(0, end);
  if (part_.size() + piece.size() > kLineMax) return Took::kTooLong;
  if (end == std::string_view::npos) {
    part_ += piece;
    rest = {};
    return Took::kNothing;
  }
  rest = rest.subspan(end + 1);
  line = piece;
  if (!part_.empty()) {
    part_ += piece;
    part_told_ = true;
    line = part_;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  return Took::kLine;
}

bool LineSplitter::announces_literal(std::string_view line) {
  constexpr std::size_t kDigitsMax = 9;
  if (!line.ends_with('}')) return false;
  const std::size_t brace = line.rfind('{');
  if (brace == std::string_view::npos) return false;
  std::string_view digits = line.substr(brace + 1, line.size() - brace - 2);
  if (digits.ends_with('+')) digits.remove_suffix(1);  // not waited for (RFC 7888)
  const std::optional<std::uint32_t> size = decimal(digits, kDigitsMax);
  literal_ = size.value_or(0);
  return size.has_value();
}

}  // namespace limpid::tls
