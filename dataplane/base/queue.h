// A bounded queue from one thread to one other, without locks: how workers and the control plane talk.
// The capacity is fixed at construction; a full queue refuses (the caller counts the loss by its reason).
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace limpid {

template <typename T>
class SpscQueue {
 public:
  /// Holds `capacity` items, rounded up to a power of two.
  explicit SpscQueue(std::size_t capacity) : slots_(round_up(capacity)), mask_(slots_.size() - 1) {}

  /// Producer's thread. False, and `item` untouched, where the queue is full.
  bool push(T&& item) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == slots_.size()) return false;
    slots_[tail & mask_] = std::move(item);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// Consumer's thread.
  std::optional<T> pop() {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return std::nullopt;
    std::optional<T> item(std::exchange(slots_[head & mask_], T{}));
    head_.store(head + 1, std::memory_order_release);
    return item;
  }

  bool empty() const {
    return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
  }
  std::size_t capacity() const { return slots_.size(); }

 private:
  static std::size_t round_up(std::size_t capacity) {
    std::size_t size = 1;
    while (size < capacity) size *= 2;
    return size;
  }

  std::vector<T> slots_;
  std::size_t mask_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace limpid
