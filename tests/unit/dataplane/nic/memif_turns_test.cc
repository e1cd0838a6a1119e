// With DPDK running: see memif_port_test.cc, which starts it.
#include "dataplane/nic/memif_turns.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/unit/dataplane/nic/running_ports.h"

namespace limpid::nic {
namespace {

struct Watching final : MemifTurns::Member {
  std::atomic<int> turns{0};
  std::atomic<bool> in{false};
  std::atomic<bool> disordered{false};
  std::atomic<bool> patient{false};

  void let_in() override { disordered = disordered || in.exchange(true); }
  void keep_out() override { in = false; }
  MemifTurns::Milliseconds look_after() override {
    disordered = disordered || !in;
    ++turns;
    return std::chrono::milliseconds(patient ? 60'000 : 10);
  }
};

using MemifTurnsTest = RuntimeTest;

TEST_F(MemifTurnsTest, ComeAgainAndAgainUntilAMemberLeaves) {
  const auto turns = MemifTurns::shared();
  ASSERT_TRUE(turns.ok()) << turns.error();
  Watching member;
  (*turns)->add(member);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (member.turns < 5 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  (*turns)->remove(member);
  const int seen = member.turns;
  EXPECT_GE(seen, 5);
  EXPECT_FALSE(member.in);
  EXPECT_FALSE(member.disordered);

  Watching later;  // after a whole turn of another
  (*turns)->add(later);
  while (later.turns < 2 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  (*turns)->remove(later);
  EXPECT_EQ(member.turns, seen);
}

TEST_F(MemifTurnsTest, DoNotLetANewMemberWaitForOthersThatHaveTime) {
  const auto turns = MemifTurns::shared();
  ASSERT_TRUE(turns.ok()) << turns.error();
  Watching settled;
  settled.patient = true;
  (*turns)->add(settled);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (settled.turns < 2 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  Watching newcomer;
  (*turns)->add(newcomer);
  while (newcomer.turns < 1 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  (*turns)->remove(newcomer);
  (*turns)->remove(settled);
  EXPECT_GE(newcomer.turns, 1);
  EXPECT_FALSE(newcomer.disordered);
}

TEST_F(MemifTurnsTest, KeepTheDriversThreadAwayFromWhatIsDoneAlone) {
  MemifTurns& turns = *MemifTurns::shared().value();
  Watching member;
  turns.add(member);
  for (int i = 0; i < 20; ++i) {
    turns.alone([&] {
      EXPECT_TRUE(member.in || member.turns == 0) << "the thread is in a turn of ours";
      const int before = member.turns;
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(15);
      while (std::chrono::steady_clock::now() < until) EXPECT_EQ(member.turns, before);
    });
  }
  turns.remove(member);
  EXPECT_FALSE(member.disordered);
}

TEST_F(MemifTurnsTest, AreTheSameForAllPortsOfAProcess) {
  EXPECT_EQ(MemifTurns::shared().value(), MemifTurns::shared().value());
}

}  // namespace
}  // namespace limpid::nic
