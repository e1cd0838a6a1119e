// MbufPool: DPDK's packet buffers as wire::Packet. A part of them is a reserve for frames that arrive:
// allocate(), by which endpoints and tools make frames, leaves it alone, so that interception can never
// starve forwarding. Each worker's thread has a cache; any of them may free what another allocated.
#pragma once

#include <rte_mbuf.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/wire/packet.h"

namespace limpid::nic {

struct MbufPoolSettings {
  std::uint64_t memory_bytes = 0;
  std::size_t frame_bytes_max = 0;  // a buffer holds one frame of this size
  std::uint32_t reserve_percent = 0;
  std::size_t workers = 1;
  /// A device reads and writes the buffers itself, so none may cross a page. Without hugepages that leaves
  /// every buffer a page of its own.
  bool for_devices = false;
};

class MbufPool final : public wire::PacketPool {
 public:
  /// The error is a sentence.
  static Result<std::unique_ptr<MbufPool>, std::string> create(const MbufPoolSettings& settings);
  ~MbufPool() override;
  MbufPool(const MbufPool&) = delete;
  MbufPool& operator=(const MbufPool&) = delete;

  wire::Packet allocate(std::size_t size) override;
  void free(void* handle) override { rte_pktmbuf_free(static_cast<rte_mbuf*>(handle)); }
  std::size_t headroom(const void* handle, const std::byte* data) const override {
    return static_cast<std::size_t>(
        data - static_cast<const std::byte*>(static_cast<const rte_mbuf*>(handle)->buf_addr));
  }
  std::size_t available() const override;

  /// The mbuf's owner from now on. It must lie in one piece.
  wire::Packet packet(rte_mbuf* mbuf) {
    return {*this, mbuf, rte_pktmbuf_mtod(mbuf, std::byte*), rte_pktmbuf_data_len(mbuf)};
  }
  /// The packet's mbuf, with the packet's bytes; it belongs to the caller.
  rte_mbuf* release(wire::Packet& packet);
  rte_mempool* mempool() const { return mempool_; }
  std::size_t size() const { return mempool_->size; }
  /// The largest frame that fits into one buffer.
  std::size_t frame_bytes_max() const { return rte_pktmbuf_data_room_size(mempool_) - RTE_PKTMBUF_HEADROOM; }

  /// Bytes of memory that one buffer for frames of this size takes.
  static std::size_t bytes_of_buffer(std::size_t frame_bytes_max);

 private:
  explicit MbufPool(std::size_t reserve) : reserve_(reserve) {}
  int populate(const MbufPoolSettings& settings, std::size_t count, std::uint16_t room);

  rte_mempool* mempool_ = nullptr;
  std::size_t reserve_;
};

}  // namespace limpid::nic
