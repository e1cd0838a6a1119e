// Ledger: the record of adopted flows that outlives a crash. After a restart an adopted flow cannot be
// forwarded (the two legs have sequence numbers of their own), so its tuple is answered with RST, while
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

namespace limpid::flow {

struct LedgerEntry {
  FlowFacts facts;
  std::uint16_t inner_vlan = 0;      // the second tag's identifier; 0: none
  Side client_side = Side::kClient;  // where the client's frames come in
  std::uint32_t next_to_client = 0;  // the next sequence number that the client expects, as last noted
  std::uint32_t next_to_server = 0;  // the next one that the server expects

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
  void note(std::uint32_t slot, std::uint32_t next_to_client, std::uint32_t next_to_server);
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
