// FlowTable: every flow a worker knows, by its key. Fixed capacity, all memory taken at construction; one
// hash of 32-bit tags with linear probing in front of an array of records, so that a look-up of a known flow
// costs two cache lines of the table and those of the record. Thread: the worker's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/flow/adopted_flow.h"
#include "dataplane/flow/detoured_flow.h"
#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/flow_state.h"
#include "dataplane/flow/flow_user.h"
#include "dataplane/flow/hold.h"
#include "dataplane/flow/ledger.h"
#include "dataplane/flow/orphan.h"
#include "dataplane/flow/server_bytes.h"
#include "dataplane/flow/side.h"
#include "dataplane/flow/timer_wheel.h"
#include "dataplane/flow/tombstone.h"

namespace limpid::flow {

inline constexpr std::uint32_t kNoFlow = 0xffffffffU;

/// Exists while a flow is watched.
struct Watch {
  Watch(const wire::PacketView& syn, const wire::TcpOptions& options, Instant now)
      : handshake(syn, options, now) {}
  Handshake handshake;
  bool intercept = true;                     // false: SynAdvice::intercept
  std::unique_ptr<PassedFrames> frames;      // null: nobody will want them
  std::unique_ptr<Hold> hold;                // in state kHeld; in kDialogue: what is out of order
  std::unique_ptr<Dialogue> dialogue;        // from kDialogue on; before it where the port says so
  Reassembly server_bytes{kServerBytesMax};  // for it: what is out of order

  static constexpr std::size_t kServerBytesMax = 16'384;
};

/// What has passed.
struct Traffic {
  std::uint64_t packets_from_client = 0;
  std::uint64_t packets_from_server = 0;
  std::uint64_t bytes_from_client = 0;
  std::uint64_t bytes_from_server = 0;
};

/// The FlowList that a flow is in.
enum class ListNumber : std::uint8_t {
  kNone,
  kOpening,     // handshakes that are watched, oldest first
  kUnfinished,  // forwarded flows whose handshake has not been seen to end
  kEnding,      // what is over, and kept for a while
  kSessions,    // adopted flows that hold stream memory, the one that has stood still for longest first
};

/// A packet of a forwarded flow touches the first two of its three cache lines.
struct alignas(64) FlowRecord {
  FlowKey key;
  std::uint32_t hash = 0;
  std::uint32_t first_sequence = 0;  // the client's ISN
  FlowState state = FlowState::kSynSeen;
  Reason reason = Reason::none;
  Side client_side = Side::kClient;
  ListNumber list = ListNumber::kNone;
  bool used = false;
  bool client_is_low = false;
  bool fin_from_client = false;
  bool fin_from_server = false;
  bool ending = false;    // a RST has passed: expires soon
  bool reported = false;  // the user knows that it has ended, or never heard of it
  bool detours = false;   // `detoured` is there; here, so that a packet of other flows need not look

  Instant opened{};
  Instant last{};  // a packet came
  Traffic traffic;
  std::unique_ptr<FlowMemo> memo;
  std::unique_ptr<ServerBytes> server_bytes;

  std::unique_ptr<Watch> watch;            // kSynSeen to kHeld, kDialogue
  std::unique_ptr<AdoptedFlow> adopted;    // kAdopted
  std::unique_ptr<Tombstone> tombstone;    // kTombstone
  std::unique_ptr<Orphan> orphan;          // kTombstone, of an earlier process, whose ends may not know
  std::unique_ptr<DetouredFlow> detoured;  // kForwarded, kClosing, and kDropped where that came in mid-stream
  std::uint32_t list_next = kNoFlow;       // free records: the next free one
  std::uint32_t list_previous = kNoFlow;
  std::uint32_t ledger_slot = Ledger::kNoSlot;

  bool from_client(bool from_low) const { return from_low == client_is_low; }
  /// Of its segment: where that end is.
  Side side_of(bool client) const { return client ? client_side : opposite(client_side); }
  FlowFacts facts() const { return facts_of(key, client_is_low); }
};

static_assert(offsetof(FlowRecord, opened) == 64 && offsetof(FlowRecord, watch) == 128);

class FlowTable {
 public:
  FlowTable(std::uint32_t flows_max, HashSecret secret);

  /// The hash is asked for once a packet and handed to the others.
  std::uint32_t hash(const FlowKey& key) const { return static_cast<std::uint32_t>(hash_of(key, secret_)); }
  std::uint32_t find(const FlowKey& key, std::uint32_t hash) const;
  /// A fresh record for a key that find() did not find; kNoFlow where the table is full.
  std::uint32_t insert(const FlowKey& key, std::uint32_t hash);
  void erase(std::uint32_t flow);

  FlowRecord& operator[](std::uint32_t flow) { return records_[flow]; }
  const FlowRecord& operator[](std::uint32_t flow) const { return records_[flow]; }
  /// Records, used or not: for visits.
  std::uint32_t capacity() const { return static_cast<std::uint32_t>(records_.size()); }
  std::uint32_t size() const { return size_; }
  bool full() const { return free_ == kNoFlow; }

 private:
  struct Slot {
    std::uint32_t tag = 0;         // the hash; its low bits are the slot where the search begins
    std::uint32_t flow = kNoFlow;  // kNoFlow: empty
  };
  static std::size_t slots_for(std::uint32_t flows_max);

  std::vector<FlowRecord> records_;
  std::vector<Slot> slots_;
  std::uint32_t mask_;
  std::uint32_t free_ = 0;
  std::uint32_t size_ = 0;
  HashSecret secret_;

  // A passed flow's whole cost: its record, its timer, its share of the slots (at most 3/4 of them are used,
  // so that there are fewer than 8/3 for each flow).
  static_assert(sizeof(FlowRecord) + TimerWheel::kEntrySize + sizeof(Slot) * 8 / 3 <= 256);
};

/// Flows in the order in which they came to be what the list is of; the links lie in the records.
class FlowList {
 public:
  explicit FlowList(ListNumber number) : number_(number) {}
  void push(FlowTable& table, std::uint32_t flow);
  void remove(FlowTable& table, std::uint32_t flow);
  std::uint32_t oldest() const { return head_; }

 private:
  ListNumber number_;
  std::uint32_t head_ = kNoFlow;
  std::uint32_t tail_ = kNoFlow;
};

}  // namespace limpid::flow
