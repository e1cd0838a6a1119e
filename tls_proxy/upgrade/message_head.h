// MessageHead: the first bytes of a message of a binary protocol, out of bytes that are cut anywhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "dataplane/base/bytes.h"

namespace limpid::tls {

class MessageHead {
 public:
  /// Takes bytes off the front of `rest` until there are `size`. True: they are there.
  bool fill(std::size_t size, Bytes& rest) {
    if (bytes_.size() < size) {
      const Bytes more = rest.first(std::min(size - bytes_.size(), rest.size()));
      bytes_.insert(bytes_.end(), more.begin(), more.end());
      rest = rest.subspan(more.size());
    }
    return bytes_.size() >= size;
  }
  Bytes bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  std::size_t at(std::size_t index) const { return std::to_integer<std::size_t>(bytes_[index]); }
  /// The next message begins.
  void clear() { bytes_.clear(); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace limpid::tls
