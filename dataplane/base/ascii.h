// Text in ASCII alone, whatever the locale: letters without regard to case, and what peers have sent, made
// fit to be shown. Values.
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

/// Nothing in it reaches a terminal or breaks a log's line: other characters become '?', and what is longer
/// than `most` bytes is cut off, with dots in its place.
inline std::string shown_text(std::string_view text, std::size_t most) {
  std::string shown(text.substr(0, most));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  if (text.size() > most) shown += "...";
  return shown;
}

}  // namespace limpid
