// Words of text protocols: compared without regard to case, in ASCII alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/base/ascii.h"

namespace limpid::tls {

inline bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return small_letter(x) == small_letter(y);
         });
}

inline bool begins_with(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && same_word(text.substr(0, word.size()), word);
}

/// Takes the next word off the front of `line`, and the blanks around it. Empty: there is none.
inline std::string_view take_word(std::string_view& line) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t begin = std::min(line.find_first_not_of(kBlanks), line.size());
  const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks, end), line.size()));
  return word;
}

/// Digits alone, `most` of them at the most.
inline std::optional<std::uint32_t> decimal(std::string_view digits, std::size_t most) {
  if (digits.empty() || digits.size() > most) return std::nullopt;
  std::uint32_t value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  return value;
}

}  // namespace limpid::tls
