// Ledger: the record of adopted flows that outlives a crash. After a restart an adopted flow cannot be
// forwarded (the two legs have sequence numbers of their own), so both its ends are reset (orphan.h), while
// everything else unknown is forwarded. The memory is the caller's (a mapped file in production); writes are
// plain stores, so a killed process loses nothing. Thread: the worker that owns the flows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/flow/side.h"
#include "dataplane/wire/header_template.h"

namespace limpid::flow {

/// One leg as last noted: what it takes to speak to its peer, who may not speak first.
struct LedgerLeg {
  std::uint32_t next = 0;      // our next sequence number: the one that the peer expects
  std::uint32_t expected = 0;  // the peer's next
  std::uint32_t ts_value = 0;  // our last TSval
  bool timestamps = false;
  wire::HeaderTemplate::Manner manner{};  // of the side that is impersonated
  wire::HeaderTemplate::Link link{};      // towards the peer

  friend bool operator==(const LedgerLeg&, const LedgerLeg&) = default;
};

struct LedgerEntry {
  FlowFacts facts;
  std::uint16_t inner_vlan = 0;      // the second tag's identifier; 0: none
  Side client_side = Side::kClient;  // where the client's frames come in
  LedgerLeg client;
  LedgerLeg server;

  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

class Ledger {
 public:
  static constexpr std::uint32_t kNoSlot = 0xffffffffU;

  /// How much memory `entries` need.
  static std::size_t size_for(std::uint32_t entries);
  /// The entries an earlier process left in `memory`; none where it holds no ledger of this version. Call it
  /// before a Ledger is built over the same memory.
  static std::vector<LedgerEntry> read(Bytes memory);

  /// Formats `memory` as an empty ledger; holds as many entries as fit. The memory, aligned to 8, outlives
  /// it.
  explicit Ledger(MutableBytes memory);

  /// kNoSlot where the ledger is full: the flow then only loses its reset after a crash.
  std::uint32_t add(const LedgerEntry& entry);
  void note(std::uint32_t slot, const LedgerLeg& client, const LedgerLeg& server);
  void remove(std::uint32_t slot);

  std::uint32_t capacity() const { return capacity_; }
  std::uint32_t size() const { return size_; }

 private:
  struct Record;
  Record* record(std::uint32_t slot) const;

  MutableBytes memory_;
  std::uint32_t capacity_ = 0;
  std::uint32_t size_ = 0;
  std::vector<std::uint32_t> free_;
};

}  // namespace limpid::flow
