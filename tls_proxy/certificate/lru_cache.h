// A bounded cache that forgets what was used least recently. One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

namespace limpid::certificate {

template <typename Key, typename Value, typename Hash>
class LruCache {
 public:
  explicit LruCache(std::size_t entries_max) : entries_max_(entries_max) {}

  /// Null where it is not known. The pointer is valid until the next put().
  Value* find(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) {
      ++misses_;
      return nullptr;
    }
    ++hits_;
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->second;
  }

  Value& put(Key key, Value value) {
    erase(key);
    if (order_.size() >= entries_max_ && !order_.empty()) {
      index_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(key, std::move(value));
    index_.emplace(std::move(key), order_.begin());
    return order_.front().second;
  }

  void erase(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    order_.erase(found->second);
    index_.erase(found);
  }

  std::size_t size() const { return order_.size(); }
  std::uint64_t hits() const { return hits_; }
  std::uint64_t misses() const { return misses_; }

 private:
  using Order = std::list<std::pair<Key, Value>>;

  std::size_t entries_max_;
  Order order_;
  std::unordered_map<Key, typename Order::iterator, Hash> index_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
};

}  // namespace limpid::certificate
