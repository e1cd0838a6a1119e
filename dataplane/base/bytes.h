// Bytes as the whole project passes them: non-owning spans and one bounded big-endian reader.
// No thread owns anything here; nothing allocates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace limpid {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads big-endian integers and sub-ranges from a span. A read beyond the end sets failed() and yields
/// zero or an empty span; every later read fails too, so that a parser checks once, at its end.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(integer(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() { return integer(8); }

  Bytes take(std::size_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  /// A vector with a length prefix of one, two or three bytes (RFC 8446 §3.4).
  Bytes vector8() { return take(u8()); }
  Bytes vector16() { return take(u16()); }
  Bytes vector24() { return take(u24()); }

  Bytes rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }
  bool failed() const { return failed_; }

 private:
  std::uint64_t integer(std::size_t size) {
    const Bytes taken = take(size);
    std::uint64_t value = 0;
    for (const std::byte byte : taken) value = (value << 8U) | std::to_integer<std::uint64_t>(byte);
    return value;
  }

  Bytes rest_;
  bool failed_ = false;
};

}  // namespace limpid
