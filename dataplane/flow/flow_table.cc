#include "dataplane/flow/flow_table.h"

#include "dataplane/base/check.h"

namespace limpid::flow {

std::size_t FlowTable::slots_for(std::uint32_t flows_max) {
  std::size_t slots = 4;
  while (slots * 3 < std::size_t{flows_max} * 4) slots *= 2;
  return slots;
}

FlowTable::FlowTable(std::uint32_t flows_max, HashSecret secret)
    : records_(flows_max),
      slots_(slots_for(flows_max)),
      mask_(static_cast<std::uint32_t>(slots_.size() - 1)),
      free_(flows_max == 0 ? kNoFlow : 0),
      secret_(secret) {
  for (std::uint32_t i = 0; i + 1 < flows_max; ++i) records_[i].list_next = i + 1;
}

std::uint32_t FlowTable::find(const FlowKey& key, std::uint32_t hash) const {
  for (std::uint32_t at = hash & mask_; slots_[at].flow != kNoFlow; at = (at + 1) & mask_) {
    if (slots_[at].tag == hash && records_[slots_[at].flow].key == key) return slots_[at].flow;
  }
  return kNoFlow;
}

std::uint32_t FlowTable::insert(const FlowKey& key, std::uint32_t hash) {
  if (free_ == kNoFlow) return kNoFlow;
  const std::uint32_t flow = free_;
  free_ = records_[flow].list_next;
  ++size_;
  std::uint32_t at = hash & mask_;
  while (slots_[at].flow != kNoFlow) at = (at + 1) & mask_;
  slots_[at] = {.tag = hash, .flow = flow};
  FlowRecord& record = records_[flow];
  record.key = key;
  record.hash = hash;
  record.list_next = kNoFlow;
  record.used = true;
  return flow;
}

void FlowTable::erase(std::uint32_t flow) {
  FlowRecord& record = records_[flow];
  LIMPID_CHECK(record.used && record.list == ListNumber::kNone,
               "a flow is erased twice or while it is in a list");
  std::uint32_t hole = record.hash & mask_;
  while (slots_[hole].flow != flow) hole = (hole + 1) & mask_;
  // What was pushed on past the hole moves back into it: no deleted marks, so searches stay short for ever.
  for (std::uint32_t at = (hole + 1) & mask_; slots_[at].flow != kNoFlow; at = (at + 1) & mask_) {
    const std::uint32_t from_home = (at - slots_[at].tag) & mask_;
    const std::uint32_t from_hole = (at - hole) & mask_;
    if (from_home < from_hole) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
  record = FlowRecord{};
  record.list_next = free_;
  free_ = flow;
  --size_;
}

void FlowList::push(FlowTable& table, std::uint32_t flow) {
  FlowRecord& record = table[flow];
  LIMPID_CHECK(record.list == ListNumber::kNone, "a flow is in one list at most");
  record.list = number_;
  record.list_previous = tail_;
  record.list_next = kNoFlow;
  (tail_ == kNoFlow ? head_ : table[tail_].list_next) = flow;
  tail_ = flow;
}

void FlowList::remove(FlowTable& table, std::uint32_t flow) {
  FlowRecord& record = table[flow];
  LIMPID_CHECK(record.list == number_, "a flow is removed from a list that it is not in");
  (record.list_previous == kNoFlow ? head_ : table[record.list_previous].list_next) = record.list_next;
  (record.list_next == kNoFlow ? tail_ : table[record.list_next].list_previous) = record.list_previous;
  record.list_next = kNoFlow;
  record.list_previous = kNoFlow;
  record.list = ListNumber::kNone;
}

}  // namespace limpid::flow
