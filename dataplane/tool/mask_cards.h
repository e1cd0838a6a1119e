// CardMask: finds payment card numbers in one direction of a stream: 13 to 19 digits with a right check digit
// (ISO/IEC 7812-1), in one group or in several that one blank or hyphen parts, and no digit before or after.
// Written by hand and not as a pattern: so it is known at each byte whether a number may be in the making,
// and nothing else is held back. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "dataplane/base/bytes.h"

namespace limpid::tool {

class CardMask {
 public:
  static constexpr std::size_t kDigitsMin = 13;
  static constexpr std::size_t kDigitsMax = 19;
  /// Digits with a separator behind each.
  static constexpr std::size_t kBytesMax = 2 * kDigitsMax;

  /// Called with the offset of each digit of a number.
  using Found = std::function<void(std::uint64_t offset)>;

  /// The next bytes; the first stands at `offset`.
  void take(Bytes bytes, std::uint64_t offset, const Found& found);
  /// Nothing comes behind them.
  void finish(const Found& found);
  /// The first byte that may yet turn out to belong to a number.
  std::optional<std::uint64_t> undecided() const;

 private:
  struct Digit {
    std::uint64_t offset = 0;
    unsigned value = 0;
    bool begins_group = false;
  };

  void take_digit(unsigned value, std::uint64_t offset);
  void end_group(const Found& found) const;
  bool is_number(std::size_t first) const;

  std::array<Digit, kDigitsMax> digits_{};  // the latest
  std::size_t count_ = 0;
  bool after_separator_ = false;
};

}  // namespace limpid::tool
