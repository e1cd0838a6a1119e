// Letters without regard to case, in ASCII alone and whatever the locale. Values.
#pragma once

#include <string>
#include <string_view>

namespace limpid {

constexpr char small_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = small_letter(c);
  return small;
}

}  // namespace limpid
