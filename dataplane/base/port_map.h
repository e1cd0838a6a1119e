// PortMap: which port a tool is to see in place of a server's own. A value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace limpid {

class PortMap {
 public:
  using Entry = std::pair<std::uint16_t, std::uint16_t>;  // the server's port, what the tool sees

  PortMap() = default;
  /// No port twice on the left.
  explicit PortMap(std::vector<Entry> entries) : entries_(std::move(entries)) {
    std::sort(entries_.begin(), entries_.end());
  }

  /// What is seen of this port: itself, where the map does not say otherwise.
  std::uint16_t of(std::uint16_t port) const {
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), Entry{port, 0});
    return found != entries_.end() && found->first == port ? found->second : port;
  }
  bool empty() const { return entries_.empty(); }
  const std::vector<Entry>& entries() const { return entries_; }

  friend bool operator==(const PortMap&, const PortMap&) = default;

 private:
  std::vector<Entry> entries_;  // in order
};

}  // namespace limpid
