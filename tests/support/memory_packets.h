// Packets on the heap, for everything that tests the data plane without DPDK. The pool refuses beyond its
// limit, and knows how many buffers are out, so that a test can show that none was lost.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/bytes.h"
#include "dataplane/wire/packet.h"

namespace limpid::wire {

class MemoryPacketPool final : public PacketPool {
 public:
  explicit MemoryPacketPool(std::size_t limit = 1'000'000) : limit_(limit) {}

  Packet allocate(std::size_t size) override {
    if (used_ >= limit_) return {};
    ++used_;
    auto* buffer = new std::byte[kHeadroom + std::max<std::size_t>(size, 1)];
    return {*this, buffer, buffer + kHeadroom, size};
  }
  std::size_t headroom(const void* handle, const std::byte* data) const override {
    return static_cast<std::size_t>(data - static_cast<const std::byte*>(handle));
  }
  void free(void* handle) override {
    --used_;
    delete[] static_cast<std::byte*>(handle);
  }
  std::size_t available() const override { return limit_ - std::min(limit_, used_); }

  /// A packet with these contents, whatever the limit is: as if it came from a port.
  Packet packet(Bytes contents) {
    const std::size_t limit = std::exchange(limit_, used_ + 1);
    Packet made = allocate(contents.size());
    limit_ = limit;
    std::copy(contents.begin(), contents.end(), made.bytes().begin());
    return made;
  }
  void limit(std::size_t limit) { limit_ = limit; }
  std::size_t used() const { return used_; }

 private:
  static constexpr std::size_t kHeadroom = 4;  // a VLAN tag, and not a byte more

  std::size_t limit_;
  std::size_t used_ = 0;
};

}  // namespace limpid::wire
