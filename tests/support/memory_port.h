// MemoryPort: a port without a device: a test puts frames in and takes frames out. Frames may be put and
// taken by one thread while a worker of another polls the port.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/nic/port.h"
#include "dataplane/wire/packet.h"

namespace limpid::nic {

/// Packets on the heap that several threads may allocate and free.
class SharedPacketPool final : public wire::PacketPool {
 public:
  wire::Packet allocate(std::size_t size) override {
    if (used_ >= limit_) return {};
    ++used_;
    auto* data = new std::byte[std::max<std::size_t>(size, 1)];
    return {*this, data, data, size};
  }
  void free(void* handle) override {
    --used_;
    delete[] static_cast<std::byte*>(handle);
  }
  std::size_t available() const override { return limit_ - std::min<std::size_t>(limit_, used_); }

  /// Whatever the limit is: as a port has it from the reserve.
  wire::Packet packet(Bytes contents) {
    ++used_;
    auto* data = new std::byte[std::max<std::size_t>(contents.size(), 1)];
    std::copy(contents.begin(), contents.end(), data);
    return {*this, data, data, contents.size()};
  }
  void limit(std::size_t packets) { limit_ = packets; }
  std::size_t used() const { return used_; }

 private:
  std::atomic<std::size_t> limit_{1'000'000};
  std::atomic<std::size_t> used_{0};
};

class MemoryPort final : public Port {
 public:
  using Frame = std::vector<std::byte>;

  MemoryPort(std::string name, SharedPacketPool& pool) : name_(std::move(name)), pool_(pool) {}

  // --- The wire, as the test holds it ---
  void arrive(const Frame& frame) {
    const std::lock_guard lock(mutex_);
    arriving_.push_back(frame);
  }
  std::optional<Frame> take_sent() {
    const std::lock_guard lock(mutex_);
    if (sent_.empty()) return std::nullopt;
    Frame frame = std::move(sent_.front());
    sent_.pop_front();
    return frame;
  }
  std::size_t sent() const {
    const std::lock_guard lock(mutex_);
    return sent_.size();
  }
  /// The port takes so many more packets, then none.
  void room(std::size_t packets) {
    const std::lock_guard lock(mutex_);
    room_ = packets;
  }
  void queues(std::uint16_t transmit) { transmit_queues_ = transmit; }
  /// As a device does that brings both directions of a flow to one of so many receive queues.
  void spread_over(std::uint16_t receive) { receive_queues_ = receive; }
  void wakes_by(int descriptor) { wake_ = descriptor; }

  // --- Port ---
  std::size_t receive(std::uint16_t /*queue*/, std::span<wire::Packet> into) override {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    while (count < into.size() && !arriving_.empty()) {
      into[count++] = pool_.packet(arriving_.front());
      arriving_.pop_front();
    }
    return count;
  }
  std::size_t transmit(std::uint16_t /*queue*/, std::span<wire::Packet> packets) override {
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::min(room_, packets.size());
    for (wire::Packet& packet : packets.first(count)) {
      sent_.emplace_back(packet.bytes().begin(), packet.bytes().end());
      packet = {};
    }
    room_ -= count;
    return count;
  }
  const std::string& name() const override { return name_; }
  std::uint16_t receive_queues() const override { return receive_queues_; }
  bool spreads_by_flow() const override { return receive_queues_ > 1; }
  std::uint16_t transmit_queues() const override { return transmit_queues_; }
  std::uint16_t mtu() const override { return 1500; }
  bool link_up() const override { return true; }
  PortCounters counters() const override { return {}; }
  int wake_descriptor(std::uint16_t /*queue*/) const override { return wake_; }

 private:
  std::string name_;
  SharedPacketPool& pool_;
  mutable std::mutex mutex_;
  std::deque<Frame> arriving_;
  std::deque<Frame> sent_;
  std::size_t room_ = SIZE_MAX;
  std::uint16_t receive_queues_ = 1;
  std::uint16_t transmit_queues_ = 1;
  int wake_ = -1;
};

}  // namespace limpid::nic
