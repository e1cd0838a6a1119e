// ClientTable: how much of one worker each client has: flows that are watched, and intercepted sessions. A
// client is an IPv4 address, or the /64 of an IPv6 one, within which a host may choose addresses as it likes.
// Only clients that have something take an entry, so that as many entries as there can be such flows are
// enough for ever; all memory is taken at construction. O(1). Thread: the worker's.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/flow/flow_key.h"

namespace limpid::flow {

struct ClientShare {
  std::uint32_t watched = 0;
  std::uint32_t adopted = 0;
};

class ClientTable {
 public:
  /// `flows_max`: how many flows are watched or adopted at most, all clients together.
  ClientTable(std::uint32_t flows_max, HashSecret secret);

  ClientShare share(const FlowKey& key, bool client_is_low);
  /// One more (1) or one less (-1) of either.
  void count(const FlowKey& key, bool client_is_low, int watched, int adopted);
  /// Clients that have something now.
  std::uint32_t size() const { return size_; }

 private:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  /// The address as it is counted, in a key that has nothing else.
  static FlowKey client_of(const FlowKey& key, bool client_is_low);

  struct Entry {
    std::uint64_t address = 0;  // the four bytes of IPv4, or the first eight of IPv6
    ClientShare share;
    std::uint32_t next = kNone;  // in its chain; of a free entry: the next free one
    bool v6 = false;
  };
  struct Place {
    std::uint32_t* link = nullptr;  // what leads to the entry, or ends its chain
    std::uint64_t address = 0;
    bool v6 = false;
  };
  Place find(const FlowKey& key, bool client_is_low);
  void take(const Place& place);

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> chains_;
  HashSecret secret_;
  std::uint32_t free_ = kNone;
  std::uint32_t size_ = 0;
};

}  // namespace limpid::flow
