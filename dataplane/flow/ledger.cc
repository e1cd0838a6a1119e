#include "dataplane/flow/ledger.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "dataplane/base/check.h"

namespace limpid::flow {

namespace {

constexpr std::uint64_t kMagic = 0x3247444c44504d4cULL;  // "LMPDLDG2" as it lies in memory: version 2
constexpr std::size_t kHeaderSize = 64;

struct Header {
  std::uint64_t magic;
  std::uint32_t records;
  std::uint32_t reserved;
};

struct LegRecord {
  std::uint32_t next;
  std::uint32_t expected;
  std::uint32_t ts_value;
  std::uint8_t timestamps;
  std::uint8_t hops;
  std::uint8_t dscp;
  std::uint8_t link_size;
  std::array<std::byte, 22> link;
  std::uint16_t reserved;
};

LegRecord record_of(const LedgerLeg& leg) {
  return {.next = leg.next,
          .expected = leg.expected,
          .ts_value = leg.ts_value,
          .timestamps = static_cast<std::uint8_t>(leg.timestamps),
          .hops = leg.manner.hops,
          .dscp = leg.manner.dscp,
          .link_size = leg.link.size,
          .link = leg.link.bytes,
          .reserved = 0};
}

LedgerLeg leg_of(const LegRecord& record) {
  return {.next = record.next,
          .expected = record.expected,
          .ts_value = record.ts_value,
          .timestamps = record.timestamps != 0,
          .manner = {.hops = record.hops, .dscp = record.dscp},
          .link = {.bytes = record.link, .size = record.link_size}};
}

}  // namespace

/// One adopted flow. `used` is written last on add() and first on remove(), so that a process killed between
/// two stores leaves either a whole record or none.
struct Ledger::Record {
  std::uint32_t used;
  std::uint16_t client_port;
  std::uint16_t server_port;
  std::uint16_t vlan;
  std::uint16_t inner_vlan;
  std::uint16_t segment;
  std::uint8_t client_side;
  std::uint8_t v6;
  std::array<std::byte, 16> client;
  std::array<std::byte, 16> server;
  LegRecord client_leg;
  LegRecord server_leg;
};

std::size_t Ledger::size_for(std::uint32_t entries) {
  static_assert(sizeof(Record) == 128);
  return kHeaderSize + std::size_t{entries} * sizeof(Record);
}

std::vector<LedgerEntry> Ledger::read(Bytes memory) {
  std::vector<LedgerEntry> entries;
  Header header{};
  if (memory.size() < kHeaderSize) return entries;
  std::memcpy(&header, memory.data(), sizeof header);
  if (header.magic != kMagic) return entries;
  const std::size_t records =
      std::min<std::size_t>(header.records, (memory.size() - kHeaderSize) / sizeof(Record));
  for (std::size_t i = 0; i < records; ++i) {
    Record record{};
    std::memcpy(&record, memory.data() + kHeaderSize + i * sizeof(Record), sizeof record);
    if (record.used != 1) continue;
    const auto address = [&record](Bytes bytes) {
      return record.v6 != 0 ? IpAddress::v6(bytes) : IpAddress::v4(bytes.first(4));
    };
    LedgerEntry entry;
    entry.facts.client = {.ip = address(record.client), .port = record.client_port};
    entry.facts.server = {.ip = address(record.server), .port = record.server_port};
    entry.facts.vlan = record.vlan;
    entry.facts.segment = record.segment;
    entry.inner_vlan = record.inner_vlan;
    entry.client_side = record.client_side == 0 ? Side::kClient : Side::kServer;
    entry.client = leg_of(record.client_leg);
    entry.server = leg_of(record.server_leg);
    entries.push_back(entry);
  }
  return entries;
}

Ledger::Ledger(MutableBytes memory) : memory_(memory) {
  LIMPID_CHECK(reinterpret_cast<std::uintptr_t>(memory.data()) % alignof(Record) == 0,
               "a ledger must be aligned");
  if (memory.size() < kHeaderSize) return;
  const std::size_t records = (memory.size() - kHeaderSize) / sizeof(Record);
  capacity_ = static_cast<std::uint32_t>(std::min<std::size_t>(records, kNoSlot - 1));
  std::memset(memory.data(), 0, size_for(capacity_));
  const Header header{.magic = kMagic, .records = capacity_, .reserved = 0};
  std::memcpy(memory.data(), &header, sizeof header);
  free_.reserve(capacity_);
  for (std::uint32_t slot = capacity_; slot > 0; --slot) free_.push_back(slot - 1);
}

Ledger::Record* Ledger::record(std::uint32_t slot) const {
  return reinterpret_cast<Record*>(memory_.data() + kHeaderSize + std::size_t{slot} * sizeof(Record));
}

std::uint32_t Ledger::add(const LedgerEntry& entry) {
  if (free_.empty()) return kNoSlot;
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  ++size_;
  Record& to = *record(slot);
  to.client_leg = record_of(entry.client);
  to.server_leg = record_of(entry.server);
  to.client_port = entry.facts.client.port;
  to.server_port = entry.facts.server.port;
  to.vlan = entry.facts.vlan;
  to.inner_vlan = entry.inner_vlan;
  to.segment = entry.facts.segment;
  to.client_side = static_cast<std::uint8_t>(entry.client_side);
  to.v6 = static_cast<std::uint8_t>(entry.facts.client.ip.is_v6());
  const auto copy = [](const IpAddress& from, std::array<std::byte, 16>& into) {
    std::copy(from.bytes().begin(), from.bytes().end(), into.begin());
  };
  copy(entry.facts.client.ip, to.client);
  copy(entry.facts.server.ip, to.server);
  std::atomic_signal_fence(std::memory_order_release);
  to.used = 1;
  return slot;
}

void Ledger::note(std::uint32_t slot, const LedgerLeg& client, const LedgerLeg& server) {
  if (slot == kNoSlot) return;
  Record& to = *record(slot);
  to.client_leg = record_of(client);
  to.server_leg = record_of(server);
}

void Ledger::remove(std::uint32_t slot) {
  if (slot == kNoSlot) return;
  record(slot)->used = 0;
  free_.push_back(slot);
  --size_;
}

}  // namespace limpid::flow
