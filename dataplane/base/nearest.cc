#include "dataplane/base/nearest.h"

#include <algorithm>
#include <array>

namespace limpid {

namespace {

constexpr std::size_t kWordMax = 64;

bool same_letter(char a, char b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return lower(a) == lower(b);
}

/// A word cut short ("warn" for "warning") is as good as one letter mistyped.
std::size_t distance_of(std::string_view given, std::string_view candidate) {
  constexpr std::size_t kTellingLetters = 3;
  const std::size_t away = edit_distance(given, candidate);
  const bool begins = given.size() >= kTellingLetters && candidate.starts_with(given);
  return begins ? std::min<std::size_t>(away, 1) : away;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  if (a.size() > kWordMax || b.size() > kWordMax) return std::max(a.size(), b.size());
  using Row = std::array<std::size_t, kWordMax + 1>;
  Row before_last{};
  Row last{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last = last;
    last = row;
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = same_letter(a[i - 1], b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
      if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::string nearest_hint(std::string_view given, const std::vector<std::string>& candidates) {
  const std::string* nearest = nullptr;
  std::size_t distance = std::max<std::size_t>(1, given.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t away = distance_of(given, candidate);
    if (away < distance) {
      distance = away;
      nearest = &candidate;
    } else if (away == distance && nearest != nullptr && *nearest != candidate) {
      nearest = nullptr;  // as near as the other: neither
    }
  }
  return nearest == nullptr ? "" : "did you mean \"" + *nearest + "\"?";
}

}  // namespace limpid
