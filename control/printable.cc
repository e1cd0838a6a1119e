#include "control/printable.h"

#include <algorithm>
#include <cstdint>

namespace limpid::control {

namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 0;  // bytes; 0: not UTF-8
};

// RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF.
CodePoint decode(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (size == 0 || first > 0xf4 || text.size() < size) return {};
  std::uint32_t value = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    value = value << 6U | (byte(i) & 0x3fU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, size};
}

bool visible(std::uint32_t value) {
  struct Range {
    std::uint32_t first;
    std::uint32_t last;
  };
  constexpr Range kInvisible[] = {
      {0x00, 0x1f},        {0x7f, 0x9f},      // controls
      {0xad, 0xad},        {0x61c, 0x61c},    // soft hyphen, Arabic letter mark
      {0x200b, 0x200f},    {0x2028, 0x202e},  // zero width, line ends, writing direction
      {0x2060, 0x206f},    {0xfeff, 0xfeff},  // joiners and isolates, byte order mark
      {0xe000, 0xf8ff},    {0xfff0, 0xffff},  // private use, specials
      {0xe0000, 0x10ffff},                    // tags and private planes
  };
  return std::none_of(std::begin(kInvisible), std::end(kInvisible),
                      [value](const Range& range) { return value >= range.first && value <= range.last; });
}

/// How much of the front stands for itself. Nearly every line is ASCII throughout, and there is one for each
/// session.
std::size_t plain_front(std::string_view text, std::string_view also) {
  const auto first = std::find_if(text.begin(), text.end(), [also](char c) {
    return c < ' ' || c > '~' || also.find(c) != std::string_view::npos;
  });
  return static_cast<std::size_t>(first - text.begin());
}

std::string escape(std::string_view text, std::string_view also) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string result;
  result.reserve(text.size());
  while (true) {
    const std::size_t plain = plain_front(text, also);
    result += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return result;
    const CodePoint point = decode(text);
    const std::size_t size = std::max<std::size_t>(point.size, 1);
    if (point.size == 0 || !visible(point.value)) {
      for (const char c : text.substr(0, size)) {
        const auto byte = static_cast<std::uint8_t>(c);
        result += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 0xfU]};
      }
    } else {
      if (also.find(text[0]) != std::string_view::npos) result += '\\';
      result += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
}

bool begins_code_point(char c) { return (static_cast<std::uint8_t>(c) & 0xc0U) != 0x80U; }

}  // namespace

std::string printable(std::string_view text) { return escape(text, ""); }
std::string escaped(std::string_view text) { return escape(text, "\"\\"); }

std::size_t columns(std::string_view printable_text) {
  return static_cast<std::size_t>(
      std::count_if(printable_text.begin(), printable_text.end(), begins_code_point));
}

std::string shortened(std::string_view printable_text, std::size_t columns_max) {
  if (columns(printable_text) <= columns_max) return std::string(printable_text);
  std::size_t end = 0;
  for (std::size_t seen = 0; end < printable_text.size(); ++end) {
    if (begins_code_point(printable_text[end]) && ++seen == columns_max) break;
  }
  return std::string(printable_text.substr(0, end)) + "…";
}

}  // namespace limpid::control
