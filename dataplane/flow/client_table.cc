#include "dataplane/flow/client_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "dataplane/base/check.h"

namespace limpid::flow {

namespace {

constexpr std::size_t kV6PrefixBytes = 8;

void add(std::uint32_t& counter, int difference) {
  LIMPID_CHECK(difference >= 0 || counter > 0, "a client gives back what it never had");
  counter = static_cast<std::uint32_t>(static_cast<std::int64_t>(counter) + difference);
}

}  // namespace

ClientTable::ClientTable(std::uint32_t flows_max, HashSecret secret)
    : entries_(flows_max),
      chains_(std::bit_ceil(std::size_t{std::max(flows_max, 1U)}), kNone),
      secret_(secret) {
  for (std::uint32_t entry = flows_max; entry-- > 0;) entries_[entry].next = std::exchange(free_, entry);
}

FlowKey ClientTable::client_of(const FlowKey& key, bool client_is_low) {
  FlowKey client;
  client.v6 = key.v6;
  const std::array<std::byte, 16>& address = client_is_low ? key.low_address : key.high_address;
  std::copy_n(address.begin(), key.v6 != 0 ? kV6PrefixBytes : std::size_t{4}, client.low_address.begin());
  return client;
}

ClientTable::Place ClientTable::find(const FlowKey& key, bool client_is_low) {
  const FlowKey client = client_of(key, client_is_low);
  Place place{.link = nullptr, .address = 0, .v6 = client.v6 != 0};
  std::memcpy(&place.address, client.low_address.data(), sizeof place.address);
  place.link = &chains_[hash_of(client, secret_) & (chains_.size() - 1)];
  while (*place.link != kNone) {
    const Entry& entry = entries_[*place.link];
    if (entry.address == place.address && entry.v6 == place.v6) break;
    place.link = &entries_[*place.link].next;
  }
  return place;
}

void ClientTable::take(const Place& place) {
  LIMPID_CHECK(free_ != kNone, "more clients have flows than there are flows");
  const std::uint32_t taken = free_;
  free_ = entries_[taken].next;
  entries_[taken] = {.address = place.address, .share = {}, .next = kNone, .v6 = place.v6};
  *place.link = taken;
  ++size_;
}

ClientShare ClientTable::share(const FlowKey& key, bool client_is_low) {
  const Place place = find(key, client_is_low);
  return *place.link == kNone ? ClientShare{} : entries_[*place.link].share;
}

void ClientTable::count(const FlowKey& key, bool client_is_low, int watched, int adopted) {
  const Place place = find(key, client_is_low);
  if (*place.link == kNone) take(place);
  Entry& entry = entries_[*place.link];
  add(entry.share.watched, watched);
  add(entry.share.adopted, adopted);
  if (entry.share.watched != 0 || entry.share.adopted != 0) return;
  const std::uint32_t gone = *place.link;
  *place.link = std::exchange(entry.next, free_);
  free_ = gone;
  --size_;
}

}  // namespace limpid::flow
