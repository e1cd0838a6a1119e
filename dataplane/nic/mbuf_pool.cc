// The pool is a plain rte_mempool. Its common part counts what is free (the caches of the workers hold a few
// hundred more), which is cheap enough to ask for every frame that is made. See mbuf_pool.h.
#include "dataplane/nic/mbuf_pool.h"

#include <rte_errno.h>
#include <rte_mempool.h>

#include <algorithm>

#include "dataplane/base/check.h"

namespace limpid::nic {
namespace {

constexpr unsigned kCacheMax = 256;           // buffers in the cache of each worker
constexpr std::size_t kFrameBytesMin = 2048;  // what DPDK's drivers expect of a buffer at least
constexpr std::size_t kBuffersMin = 1024;
constexpr std::size_t kRoomMax = 65'535;  // mbufs count in 16 bits

std::size_t room_of(std::size_t frame_bytes_max) {
  const std::size_t rounded = (std::max(frame_bytes_max, kFrameBytesMin) + 63) / 64 * 64;
  return rounded + RTE_PKTMBUF_HEADROOM;
}

}  // namespace

std::size_t MbufPool::bytes_of_buffer(std::size_t frame_bytes_max) {
  rte_mempool_objsz sizes{};
  return rte_mempool_calc_obj_size(static_cast<std::uint32_t>(sizeof(rte_mbuf) + room_of(frame_bytes_max)), 0,
                                   &sizes);
}

Result<std::unique_ptr<MbufPool>, std::string> MbufPool::create(const MbufPoolSettings& settings) {
  const std::size_t room = room_of(settings.frame_bytes_max);
  if (room > kRoomMax)
    return Failure{std::string("frames of more than 65407 bytes do not fit into a packet buffer")};
  const std::size_t count = settings.memory_bytes / bytes_of_buffer(settings.frame_bytes_max);
  if (count < kBuffersMin) {
    return Failure{"dataplane.memory is too small: it holds " + std::to_string(count) +
                   " packet buffers, and at least " + std::to_string(kBuffersMin) + " are needed"};
  }
  const auto cache = static_cast<unsigned>(std::min<std::size_t>(kCacheMax, count / (16 * settings.workers)));
  rte_mempool* mempool = rte_pktmbuf_pool_create("limpid_packets", static_cast<unsigned>(count), cache, 0,
                                                 static_cast<std::uint16_t>(room), SOCKET_ID_ANY);
  if (mempool == nullptr) {
    return Failure{"no memory for " + std::to_string(count) + " packet buffers (" +
                   std::to_string(settings.memory_bytes >> 20U) + " MiB): " + rte_strerror(rte_errno) +
                   "; make dataplane.memory smaller"};
  }
  return std::unique_ptr<MbufPool>(new MbufPool(mempool, count * settings.reserve_percent / 100));
}

MbufPool::~MbufPool() { rte_mempool_free(mempool_); }

wire::Packet MbufPool::allocate(std::size_t size) {
  if (size > frame_bytes_max() || rte_mempool_ops_get_count(mempool_) <= reserve_) return {};
  rte_mbuf* mbuf = rte_pktmbuf_alloc(mempool_);
  if (mbuf == nullptr) return {};
  mbuf->data_len = static_cast<std::uint16_t>(size);
  mbuf->pkt_len = static_cast<std::uint32_t>(size);
  return packet(mbuf);
}

std::size_t MbufPool::available() const {
  const std::size_t free = rte_mempool_ops_get_count(mempool_);
  return free - std::min(free, reserve_);
}

rte_mbuf* MbufPool::release(wire::Packet& packet) {
  LIMPID_CHECK(packet.pool() == this, "a packet of another pool reached a port");
  const std::size_t size = packet.size();
  std::byte* data = packet.bytes().data();
  auto* mbuf = static_cast<rte_mbuf*>(packet.release());
  mbuf->data_off = static_cast<std::uint16_t>(data - static_cast<std::byte*>(mbuf->buf_addr));
  mbuf->data_len = static_cast<std::uint16_t>(size);
  mbuf->pkt_len = static_cast<std::uint32_t>(size);
  return mbuf;
}

}  // namespace limpid::nic
