// The pool is a plain rte_mempool. What lies in its common part counts as free; the caches of the workers
// hold a few hundred more. See mbuf_pool.h.
#include "dataplane/nic/mbuf_pool.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <unistd.h>

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

constexpr const char* kKind = "ring_mp_mc";  // any thread takes and gives back

/// Buffers that lie in the part that all workers share. DPDK's own count looks through every possible cache,
/// which is too much for each frame.
std::size_t in_common_part(const rte_mempool& mempool) {
  return rte_ring_count(static_cast<const rte_ring*>(mempool.pool_data));
}

}  // namespace

std::size_t MbufPool::bytes_of_buffer(std::size_t frame_bytes_max) {
  rte_mempool_objsz sizes{};
  return rte_mempool_calc_obj_size(static_cast<std::uint32_t>(sizeof(rte_mbuf) + room_of(frame_bytes_max)), 0,
                                   &sizes);
}

Result<std::unique_ptr<MbufPool>, std::string> MbufPool::create(const MbufPoolSettings& settings) {
  const std::size_t room = room_of(settings.frame_bytes_max);
  if (room > kRoomMax) {
    return Failure{std::string("frames of more than 65407 bytes do not fit into a packet buffer")};
  }
  std::size_t bytes = bytes_of_buffer(settings.frame_bytes_max);
  if (settings.for_devices && rte_eal_has_hugepages() == 0)
    bytes = std::max(bytes, static_cast<std::size_t>(getpagesize()));
  const std::size_t count = settings.memory_bytes / bytes;
  if (count < kBuffersMin) {
    return Failure{"dataplane.memory is too small: it holds " + std::to_string(count) +
                   " packet buffers, and at least " + std::to_string(kBuffersMin) + " are needed"};
  }
  std::unique_ptr<MbufPool> pool(new MbufPool(count * settings.reserve_percent / 100));
  if (const int error = pool->populate(settings, count, static_cast<std::uint16_t>(room)); error != 0) {
    return Failure{"no memory for " + std::to_string(count) + " packet buffers (" +
                   std::to_string(settings.memory_bytes >> 20U) + " MiB): " + rte_strerror(error) +
                   "; make dataplane.memory smaller"};
  }
  return pool;
}

/// What rte_pktmbuf_pool_create does, but for the flag. An error number of DPDK's; 0: all is well.
int MbufPool::populate(const MbufPoolSettings& settings, std::size_t count, std::uint16_t room) {
  const auto cache = static_cast<unsigned>(std::min<std::size_t>(kCacheMax, count / (16 * settings.workers)));
  const unsigned flags = settings.for_devices ? 0U : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
  mempool_ = rte_mempool_create_empty("limpid_packets", static_cast<unsigned>(count),
                                      static_cast<unsigned>(sizeof(rte_mbuf) + room), cache,
                                      sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY, flags);
  if (mempool_ == nullptr) return rte_errno;
  rte_pktmbuf_pool_private about{};
  about.mbuf_data_room_size = room;
  if (const int error = rte_mempool_set_ops_byname(mempool_, kKind, nullptr); error != 0) return -error;
  rte_pktmbuf_pool_init(mempool_, &about);
  if (const int error = rte_mempool_populate_default(mempool_); error < 0) return -error;
  rte_mempool_obj_iter(mempool_, rte_pktmbuf_init, nullptr);
  return 0;
}

MbufPool::~MbufPool() { rte_mempool_free(mempool_); }

wire::Packet MbufPool::allocate(std::size_t size) {
  if (size > frame_bytes_max() || in_common_part(*mempool_) <= reserve_) return {};
  rte_mbuf* mbuf = rte_pktmbuf_alloc(mempool_);
  if (mbuf == nullptr) return {};
  mbuf->data_len = static_cast<std::uint16_t>(size);
  mbuf->pkt_len = static_cast<std::uint32_t>(size);
  return packet(mbuf);
}

std::size_t MbufPool::available() const {
  const std::size_t free = in_common_part(*mempool_);
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
