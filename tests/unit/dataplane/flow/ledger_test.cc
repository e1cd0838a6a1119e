#include "dataplane/flow/ledger.h"

#include <gtest/gtest.h>

namespace limpid::flow {
namespace {

struct LedgerTest : testing::Test {
  MutableBytes memory() { return std::as_writable_bytes(std::span(words)); }
  static LedgerEntry entry(std::uint16_t port, bool v6 = false) {
    LedgerEntry entry;
    entry.facts.client = *SocketAddress::parse((v6 ? "[2001:db8::1]:" : "10.0.0.1:") + std::to_string(port));
    entry.facts.server = *SocketAddress::parse(v6 ? "[2001:db8::2]:443" : "10.0.0.2:443");
    entry.facts.vlan = 12;
    entry.facts.segment = 1;
    entry.inner_vlan = 5;
    entry.client_side = Side::kServer;
    entry.client = leg(77);
    entry.server = leg(88);
    return entry;
  }
  static LedgerLeg leg(std::uint32_t next) {
    LedgerLeg leg{.next = next,
                  .expected = next + 1,
                  .ts_value = next + 2,
                  .timestamps = true,
                  .manner = {.hops = 61, .dscp = 10}};
    leg.link.size = 22;
    leg.link.bytes.fill(static_cast<std::byte>(next));
    return leg;
  }
  std::vector<std::uint64_t> words = std::vector<std::uint64_t>(Ledger::size_for(4) / 8);
};

TEST_F(LedgerTest, WhatAProcessLeftIsReadAsItWas) {
  Ledger ledger(memory());
  ledger.add(entry(1));
  const std::uint32_t slot = ledger.add(entry(2, true));
  ledger.note(slot, leg(100), leg(200));
  LedgerEntry noted = entry(2, true);
  noted.client = leg(100);
  noted.server = leg(200);
  EXPECT_EQ(Ledger::read(memory()), (std::vector<LedgerEntry>{entry(1), noted}));
}

TEST_F(LedgerTest, RemovedEntriesAreNotReadAndTheirRoomIsUsedAgain) {
  Ledger ledger(memory());
  for (std::uint16_t port = 1; port <= 4; ++port) EXPECT_NE(ledger.add(entry(port)), Ledger::kNoSlot);
  EXPECT_EQ(ledger.add(entry(5)), Ledger::kNoSlot);
  ledger.remove(2);
  EXPECT_EQ(Ledger::read(memory()).size(), 3U);
  EXPECT_EQ(ledger.add(entry(6)), 2U);
}

TEST_F(LedgerTest, MemoryThatHoldsNoLedgerHoldsNoEntries) {
  EXPECT_TRUE(Ledger::read(memory()).empty());
  std::fill(words.begin(), words.end(), 0x0101010101010101U);
  EXPECT_TRUE(Ledger::read(memory()).empty());
  EXPECT_TRUE(Ledger::read({}).empty());
}

TEST_F(LedgerTest, ALyingHeaderCannotReadBeyondTheMemory) {
  Ledger ledger(memory());
  ledger.add(entry(1));
  words[1] = 0xffffffff;
  EXPECT_EQ(Ledger::read(memory()).size(), 1U);
}

TEST_F(LedgerTest, WithoutASlotNothingHappens) {
  Ledger none(MutableBytes{});
  EXPECT_EQ(none.add(entry(1)), Ledger::kNoSlot);
  none.note(Ledger::kNoSlot, leg(1), leg(2));
  none.remove(Ledger::kNoSlot);
  EXPECT_EQ(none.size(), 0U);
}

}  // namespace
}  // namespace limpid::flow
