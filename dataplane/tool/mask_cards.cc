#include "dataplane/tool/mask_cards.h"

#include <algorithm>

namespace limpid::tool {

void CardMask::take(Bytes bytes, std::uint64_t offset, const Found& found) {
  for (const std::byte byte : bytes) {
    const auto c = static_cast<char>(byte);
    if (c >= '0' && c <= '9') {
      take_digit(static_cast<unsigned>(c - '0'), offset);
    } else if (count_ != 0) {
      end_group(found);
      const bool separator = (c == ' ' || c == '-') && !after_separator_;
      if (!separator) count_ = 0;
      after_separator_ = separator;
    }
    ++offset;
  }
}

void CardMask::finish(const Found& found) {
  end_group(found);
  count_ = 0;
  after_separator_ = false;
}

std::optional<std::uint64_t> CardMask::undecided() const {
  return count_ == 0 ? std::nullopt : std::optional(digits_[0].offset);
}

void CardMask::take_digit(unsigned value, std::uint64_t offset) {
  if (count_ == kDigitsMax) {
    std::shift_left(digits_.begin(), digits_.end(), 1);
    --count_;
  }
  const bool begins = count_ == 0 || after_separator_;
  digits_[count_++] = {offset, value, begins};
  after_separator_ = false;
}

/// Here a number may end.
void CardMask::end_group(const Found& found) const {
  for (std::size_t first = 0; first + kDigitsMin <= count_; ++first) {
    if (!digits_[first].begins_group || !is_number(first)) continue;
    for (std::size_t i = first; i < count_; ++i) found(digits_[i].offset);
    return;  // a shorter one within it is masked with it
  }
}

/// The check digit (Luhn): from the right, every second digit counts twice, with the digits of its double.
bool CardMask::is_number(std::size_t first) const {
  unsigned sum = 0;
  bool twice = false;
  for (std::size_t i = count_; i > first; --i) {
    const unsigned value = digits_[i - 1].value * (twice ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
    twice = !twice;
  }
  return sum % 10 == 0;
}

}  // namespace limpid::tool
