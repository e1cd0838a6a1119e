// Sequence numbers and stream offsets. Inside the endpoint everything is a 64-bit offset in the stream (0:
// the first byte after adoption; negative: before it); 32-bit sequence numbers exist on the wire only and are
// unwrapped on entry, by the signed difference to a number known to be near. Nothing ever orders raw sequence
// numbers.
#pragma once

#include <cstdint>

namespace limpid::tcp {

using Offset = std::int64_t;

/// Where offset 0 of one direction lies in sequence space.
class SequenceBase {
 public:
  constexpr explicit SequenceBase(std::uint32_t first) : first_(first) {}

  constexpr std::uint32_t sequence(Offset offset) const {
    return first_ + static_cast<std::uint32_t>(offset);
  }
  /// The offset of `sequence` that lies within 2^31 of `near`.
  constexpr Offset offset(std::uint32_t sequence_number, Offset near) const {
    return near + static_cast<std::int32_t>(sequence_number - sequence(near));
  }

 private:
  std::uint32_t first_;
};

}  // namespace limpid::tcp
