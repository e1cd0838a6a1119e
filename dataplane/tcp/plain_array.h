// PlainArray: the growable array of the data plane, for trivially copyable values. Sixteen bytes when empty,
// owns no memory then, and reports a failed allocation instead of throwing. One thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

namespace limpid::tcp {

template <typename T>
class PlainArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return items_[i]; }
  const T& operator[](std::size_t i) const { return items_[i]; }
  const T* begin() const { return items_.get(); }
  const T* end() const { return items_.get() + size_; }
  const T& back() const { return items_[size_ - 1]; }

  /// False, and nothing changed, where there is no memory.
  bool insert(std::size_t at, const T& value) {
    if (size_ == capacity_ && !grow()) return false;
    std::memmove(&items_[at] + 1, &items_[at], (size_ - at) * sizeof(T));
    items_[at] = value;
    ++size_;
    return true;
  }
  /// Removes [first, last). The memory is given back with the last item.
  void erase(std::size_t first, std::size_t last) {
    if (first == last) return;
    std::memmove(&items_[first], items_.get() + last, (size_ - last) * sizeof(T));
    size_ -= static_cast<std::uint32_t>(last - first);
    if (size_ == 0) clear();
  }
  void clear() {
    items_.reset();
    size_ = 0;
    capacity_ = 0;
  }

 private:
  bool grow() {
    const std::uint32_t capacity = capacity_ == 0 ? 4 : capacity_ * 2;
    std::unique_ptr<T[]> items(new (std::nothrow) T[capacity]);
    if (items == nullptr) return false;
    if (size_ > 0) std::memcpy(items.get(), items_.get(), size_ * sizeof(T));
    items_ = std::move(items);
    capacity_ = capacity;
    return true;
  }

  std::unique_ptr<T[]> items_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace limpid::tcp
