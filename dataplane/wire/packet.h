// Packet: the one owner of one packet buffer. Where the buffer lives (a DPDK mbuf, the heap in tests) is the
// pool's affair; everything above dataplane/nic sees bytes. Moved, never copied; used on one worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "dataplane/base/bytes.h"

namespace limpid::wire {

class Packet;

class PacketPool {
 public:
  virtual ~PacketPool() = default;
  /// A buffer for a frame of `size` bytes (from the Ethernet header on, without FCS), contents undefined.
  /// An empty Packet where none is free, or where only the reserve for forwarding is left.
  virtual Packet allocate(std::size_t size) = 0;
  /// Called by Packet alone.
  virtual void free(void* handle) = 0;
  /// Unused bytes of the buffer in front of a frame that begins at `data`. Called by Packet alone.
  virtual std::size_t headroom(const void* handle, const std::byte* data) const {
    static_cast<void>(handle);
    static_cast<void>(data);
    return 0;
  }
  /// Buffers that allocate() could still give.
  virtual std::size_t available() const = 0;
};

class Packet {
 public:
  Packet() = default;
  /// `handle` is the pool's name for the buffer.
  Packet(PacketPool& pool, void* handle, std::byte* data, std::size_t size)
      : pool_(&pool), handle_(handle), data_(data), size_(size) {}
  Packet(Packet&& other) noexcept { swap(other); }
  Packet& operator=(Packet&& other) noexcept {
    Packet(std::move(other)).swap(*this);
    return *this;
  }
  Packet(const Packet&) = delete;
  Packet& operator=(const Packet&) = delete;
  ~Packet() {
    if (handle_ != nullptr) pool_->free(handle_);
  }

  explicit operator bool() const { return handle_ != nullptr; }
  /// The frame, from the Ethernet header on.
  MutableBytes bytes() { return {data_, size_}; }
  Bytes bytes() const { return {data_, size_}; }
  std::size_t size() const { return size_; }

  /// So many bytes more in front of the frame, contents undefined. False, and nothing changed, where the
  /// buffer has no room there.
  [[nodiscard]] bool grow_front(std::size_t bytes) {
    if (pool_->headroom(handle_, data_) < bytes) return false;
    data_ -= bytes;
    size_ += bytes;
    return true;
  }
  /// The frame without its first bytes.
  void cut_front(std::size_t bytes) {
    data_ += bytes;
    size_ -= bytes;
  }

  PacketPool* pool() const { return pool_; }
  /// Gives the buffer up to the caller (a port that transmits it).
  void* release() { return std::exchange(handle_, nullptr); }

 private:
  void swap(Packet& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(handle_, other.handle_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  PacketPool* pool_ = nullptr;
  void* handle_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace limpid::wire
