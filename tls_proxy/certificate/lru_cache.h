// A bounded cache that forgets what was used least recently: bounded by entries and, where the entries' sizes
// are for a peer to choose, by the sum of their sizes. One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

namespace limpid::certificate {

template <typename Key, typename Value, typename Hash>
class LruCache {
 public:
  explicit LruCache(std::size_t entries_max, std::size_t bytes_max = std::numeric_limits<std::size_t>::max())
      : entries_max_(entries_max), bytes_max_(bytes_max) {}

  /// Null where it is not known. The pointer is valid until the next put().
  Value* find(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) {
      ++misses_;
      return nullptr;
    }
    ++hits_;
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->value;
  }

  /// Forgets the entry that put() of a new key would, and says what it was.
  std::optional<std::pair<Key, Value>> make_room() {
    if (order_.empty() || order_.size() < entries_max_) return std::nullopt;
    std::pair<Key, Value> oldest(order_.back().key, std::move(order_.back().value));
    forget_oldest();
    return oldest;
  }

  /// The newest entry stays, however large it is.
  Value& put(Key key, Value value, std::size_t bytes = 0) {
    erase(key);
    while (!order_.empty() && (order_.size() >= entries_max_ || bytes_ + bytes > bytes_max_)) forget_oldest();
    bytes_ += bytes;
    order_.push_front(Entry{key, std::move(value), bytes});
    index_.emplace(std::move(key), order_.begin());
    return order_.front().value;
  }

  void erase(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    bytes_ -= found->second->bytes;
    order_.erase(found->second);
    index_.erase(found);
  }

  std::size_t size() const { return order_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t hits() const { return hits_; }
  std::uint64_t misses() const { return misses_; }

 private:
  struct Entry {
    Key key;
    Value value;
    std::size_t bytes;
  };
  using Order = std::list<Entry>;

  void forget_oldest() {
    bytes_ -= order_.back().bytes;
    index_.erase(order_.back().key);
    order_.pop_back();
  }

  std::size_t entries_max_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  Order order_;
  std::unordered_map<Key, typename Order::iterator, Hash> index_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
};

}  // namespace limpid::certificate
