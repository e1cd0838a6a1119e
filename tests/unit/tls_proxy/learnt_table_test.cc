#include "tls_proxy/learnt_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "tests/support/manual_clock.h"

namespace limpid::tls {
namespace {

using policy::Learning;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

LearntPlace place(const std::string& host = "pinned.example") {
  return {.host = host,
          .server = {{}, 443},
          .client = *Ja4::parse("t13d1516h2_8daaf6152771_e5627efa2ab1"),
          .rule = "rest"};
}

IpAddress address(const std::string& text) { return *IpAddress::parse(text); }

class LearntTableTest : public ::testing::Test {
 protected:
  void fail(const std::string& client, Learning mode = Learning::kAuto, const LearntPlace& at = place()) {
    table.on_failure(at, mode, address(client), Rejection::kUnknownCa);
  }
  /// As many failures as it takes.
  void fail_enough(Learning mode = Learning::kAuto, const LearntPlace& at = place()) {
    for (const char* client : {"10.0.0.1", "10.0.0.2", "10.0.0.1"}) fail(client, mode, at);
  }
  bool passes(Learning mode = Learning::kAuto, const LearntPlace& at = place()) {
    return table.ask(at, mode) != nullptr;
  }
  LearntState state() {
    const auto entries = table.entries();
    return entries.empty() ? LearntState::kForgotten : entries.front().state;
  }
  LearntEntry entry() {
    EXPECT_EQ(table.entries().size(), 1U);
    return table.entries().empty() ? LearntEntry{} : table.entries().front();
  }
  /// The first session after a bypass is the one that is tried.
  void expect_retry() {
    EXPECT_FALSE(passes()) << "this one is decrypted";
    EXPECT_EQ(state(), LearntState::kRetry);
    EXPECT_TRUE(passes()) << "and no other";
  }

  ManualClock clock;
  LearntTable table{{}, clock, SipKey{1, 2}};
};

TEST_F(LearntTableTest, PassesWhatFailsThreeTimesForTwoClients) {
  EXPECT_FALSE(passes());
  fail("10.0.0.1");
  fail("10.0.0.2");
  EXPECT_EQ(state(), LearntState::kSuspect);
  EXPECT_FALSE(passes());
  fail("10.0.0.2");
  EXPECT_EQ(state(), LearntState::kBypass);
  EXPECT_TRUE(passes());
  const LearntEntry made = entry();
  EXPECT_EQ(made.failures, 3U);
  EXPECT_EQ(made.clients, 2U);
  EXPECT_EQ(made.last, Rejection::kUnknownCa);
  EXPECT_EQ(made.span, hours(1));
  EXPECT_EQ(made.until, clock.wall() + hours(1));
  EXPECT_EQ(made.id.size(), 12U);
}

TEST_F(LearntTableTest, IsNotTaughtByOneClientHoweverOftenItFails) {
  for (int i = 0; i < 100; ++i) fail("10.0.0.1");
  EXPECT_EQ(state(), LearntState::kSuspect);
  for (int i = 0; i < 100; ++i)
    fail("2001:db8::" + std::to_string(i + 1), Learning::kAuto, place("b.example"));
  EXPECT_FALSE(passes(Learning::kAuto, place("b.example"))) << "they all belong to one /64";
}

TEST_F(LearntTableTest, CountsOnlyFailuresWithinItsTime) {
  fail("10.0.0.1");
  clock.advance(minutes(6));
  fail("10.0.0.2");
  clock.advance(minutes(6));
  fail("10.0.0.1");
  EXPECT_EQ(state(), LearntState::kSuspect) << "the first was twelve minutes ago";
  fail("10.0.0.1");
  EXPECT_EQ(state(), LearntState::kBypass);
}

TEST_F(LearntTableTest, CountsOnlyClientsWithinItsTime) {
  fail("10.0.0.2");
  clock.advance(minutes(11));
  for (int i = 0; i < 5; ++i) fail("10.0.0.1");
  EXPECT_EQ(state(), LearntState::kSuspect);
}

TEST_F(LearntTableTest, ANoisyClientDoesNotPushTheOthersEvidenceOut) {
  fail("10.0.0.2");
  for (int i = 0; i < 50; ++i) fail("10.0.0.1");
  EXPECT_EQ(state(), LearntState::kBypass);
}

TEST_F(LearntTableTest, OnlyProposesWhereTheRuleSaysSo) {
  fail_enough(Learning::kPropose);
  EXPECT_EQ(state(), LearntState::kProposed);
  EXPECT_FALSE(passes(Learning::kPropose));
  EXPECT_FALSE(passes(Learning::kAuto)) << "unless it fails once more there";
  fail("10.0.0.1", Learning::kAuto);
  EXPECT_TRUE(passes(Learning::kAuto));
  EXPECT_FALSE(passes(Learning::kPropose)) << "a bypass is for rules that say auto";
  fail("10.0.0.1", Learning::kPropose);
  EXPECT_EQ(state(), LearntState::kProposed);
}

TEST_F(LearntTableTest, LearnsAndPassesNothingWhereTheRuleSaysOff) {
  fail_enough(Learning::kOff);
  EXPECT_TRUE(table.entries().empty());
  fail_enough(Learning::kAuto);
  EXPECT_FALSE(passes(Learning::kOff));
  table.accept(entry().id);
  EXPECT_FALSE(passes(Learning::kOff)) << "the operator's word before that is the rule";
}

TEST_F(LearntTableTest, ASuccessForgetsFailuresProposalsAndBypasses) {
  fail("10.0.0.1");
  table.on_success(place());
  EXPECT_TRUE(table.entries().empty());
  LearntTable other({}, clock, SipKey{});
  for (const Learning mode : {Learning::kPropose, Learning::kAuto}) {
    for (const char* client : {"10.0.0.1", "10.0.0.2", "10.0.0.1"})
      other.on_failure(place(), mode, address(client), Rejection::kReset);
    EXPECT_EQ(other.entries().size(), 1U);
    other.on_success(place());
    EXPECT_TRUE(other.entries().empty());
    clock.advance(hours(12));
  }
}

TEST_F(LearntTableTest, ASuccessSpeaksAgainstFailuresForAsLongAsABypassMayLast) {
  table.on_success(place());
  fail_enough();
  EXPECT_EQ(state(), LearntState::kSuspect) << "somebody's client takes the certificate";
  clock.advance(hours(12));
  fail_enough();
  EXPECT_EQ(state(), LearntState::kBypass);
}

TEST_F(LearntTableTest, TriesOneSessionWhenABypassIsOverAndTwiceAsLateEachTime) {
  fail_enough();
  for (const int span : {1, 2, 4, 8, 12, 12}) {
    clock.advance(hours(span) - seconds(1));
    EXPECT_TRUE(passes());
    clock.advance(seconds(1));
    expect_retry();
    fail("10.0.0.9");
    EXPECT_EQ(entry().span, hours(std::min(span * 2, 12)));
    EXPECT_TRUE(passes());
  }
}

TEST_F(LearntTableTest, AClientThatLeavesWithoutAWordWhenItIsTriedMakesABypassNoLonger) {
  fail_enough();
  for (int i = 0; i < 3; ++i) {
    clock.advance(hours(1));
    expect_retry();
    table.on_failure(place(), Learning::kAuto, address("10.0.0.9"), Rejection::kSilent);
    EXPECT_EQ(entry().span, hours(1));
  }
}

TEST_F(LearntTableTest, ManySuccessesElsewhereDoNotMakeItForgetOne) {
  table.on_success(place());
  clock.advance(seconds(1));
  for (int i = 0; i < 50'000; ++i) table.on_success(place("h" + std::to_string(i) + ".example"));
  fail_enough();
  EXPECT_EQ(state(), LearntState::kSuspect);
}

TEST_F(LearntTableTest, EndsABypassWhenTheSessionThatIsTriedSucceeds) {
  fail_enough();
  clock.advance(hours(1));
  expect_retry();
  table.on_success(place());
  EXPECT_TRUE(table.entries().empty());
  EXPECT_FALSE(passes());
}

TEST_F(LearntTableTest, TriesAnotherSessionWhereTheFirstHasShownNothing) {
  fail_enough();
  clock.advance(hours(1));
  expect_retry();
  clock.advance(LearntTable::kRetryLasts);
  expect_retry();
}

TEST_F(LearntTableTest, SessionsThatBeganBeforeABypassDoNotProlongIt) {
  fail_enough();
  clock.advance(minutes(1));
  fail("10.0.0.3");
  EXPECT_EQ(entry().span, hours(1));
  EXPECT_EQ(entry().until, clock.wall() + minutes(59));
}

TEST_F(LearntTableTest, DecidesForNoOtherServerClientRuleSegmentOrWay) {
  fail_enough();
  ASSERT_TRUE(passes());
  std::vector<LearntPlace> others(7, place());
  others[0].host = "other.example";
  others[1].server.port = 8443;
  others[2].client = *Ja4::parse("t13d1516h2_8daaf6152771_000000000000");
  others[3].rule = "must";
  others[4].segment = 1;
  others[5].vlan = 7;
  others[6].connect = "pinned.example:443";
  for (const LearntPlace& other : others) EXPECT_FALSE(passes(Learning::kAuto, other));
}

TEST_F(LearntTableTest, KnowsAServerWithoutANameByItsAddressAndPort) {
  LearntPlace nameless = place("");
  nameless.server = *SocketAddress::parse("192.0.2.1:443");
  fail_enough(Learning::kAuto, nameless);
  EXPECT_TRUE(passes(Learning::kAuto, nameless));
  EXPECT_EQ(entry().place->server_text(), "192.0.2.1:443");
  nameless.server = *SocketAddress::parse("192.0.2.2:443");
  EXPECT_FALSE(passes(Learning::kAuto, nameless));
}

TEST_F(LearntTableTest, ForgetsWhatNothingMoreIsHeardOf) {
  const auto lasts = [this](Duration time) {
    clock.advance(time - seconds(1));
    table.expire();
    EXPECT_EQ(table.entries().size(), 1U);
    clock.advance(seconds(1));
    table.expire();
    return table.entries().empty();
  };
  fail("10.0.0.1");
  EXPECT_TRUE(lasts(minutes(10)));
  fail_enough(Learning::kAuto);
  EXPECT_TRUE(lasts(hours(1 + 12))) << "nobody has asked for it since it was to be tried again";
  fail_enough(Learning::kPropose);
  EXPECT_TRUE(lasts(LearntTable::kProposalLasts));
  fail_enough();
  table.accept(entry().id);
  clock.advance(hours(24 * 365));
  table.expire();
  EXPECT_TRUE(passes(Learning::kPropose)) << "what was accepted stays";
}

TEST_F(LearntTableTest, PassesWhatTheOperatorAcceptsAndDecryptsWhatHeForgets) {
  fail("10.0.0.1", Learning::kPropose);
  EXPECT_EQ(table.accept("nonsense"), LearntTable::Changed::kUnknown);
  const std::string id = entry().id;
  EXPECT_EQ(table.accept(id), LearntTable::Changed::kDone);
  EXPECT_EQ(table.accept(id), LearntTable::Changed::kDone);
  EXPECT_TRUE(passes(Learning::kPropose));
  clock.advance(hours(100));
  EXPECT_TRUE(passes(Learning::kPropose)) << "and it is not tried again";
  table.on_success(place());
  EXPECT_EQ(state(), LearntState::kAccepted) << "of a session that began before";
  EXPECT_EQ(table.forget(id), LearntTable::Changed::kDone);
  EXPECT_FALSE(passes(Learning::kPropose));
  EXPECT_EQ(table.forget(id), LearntTable::Changed::kUnknown);
}

TEST_F(LearntTableTest, CountsWhatIsPassedBecauseOfAnEntry) {
  fail_enough();
  const auto unseen = table.ask(place(), Learning::kAuto);
  ASSERT_NE(unseen, nullptr);
  ++unseen->sessions;
  unseen->bytes += 1'000;
  EXPECT_EQ(entry().sessions, 1U);
  EXPECT_EQ(entry().bytes, 1'000U);
  table.forget(entry().id);
  unseen->bytes += 1;  // of a flow that ends later
}

TEST_F(LearntTableTest, ItsLatestSuspectsPushOutTheOldestAndNoBypass) {
  LearntTable small({.entries_max = 4}, clock, SipKey{3, 4});
  const auto fail_at = [&](const std::string& host, const char* client) {
    small.on_failure(place(host), Learning::kAuto, address(client), Rejection::kClosed);
  };
  for (const char* client : {"10.0.0.1", "10.0.0.2", "10.0.0.1"}) fail_at("pinned.example", client);
  for (int i = 0; i < 100; ++i) fail_at("x" + std::to_string(i) + ".attacker.example", "10.0.0.9");
  const auto entries = small.entries();
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0].place->host, "pinned.example");
  EXPECT_EQ(entries[1].place->host, "x99.attacker.example");
  EXPECT_NE(small.ask(place(), Learning::kAuto), nullptr);
  EXPECT_EQ(small.refused(), 0U);

  for (const std::string host : {"x97", "x98", "x99"}) {
    for (const char* client : {"10.0.0.1", "10.0.0.2", "10.0.0.1"})
      fail_at(host + ".attacker.example", client);
  }
  fail_at("further.example", "10.0.0.1");
  EXPECT_EQ(small.refused(), 1U) << "all of them are bypasses";
  EXPECT_EQ(small.entries().size(), 4U);
}

TEST_F(LearntTableTest, KeepsNoMoreClientsThanItTellsApart) {
  for (int i = 0; i < 200; ++i) fail("10.0.1." + std::to_string(i), Learning::kPropose);
  EXPECT_EQ(entry().clients, LearntTable::kClientsMax);
  EXPECT_EQ(entry().failures, 200U);
}

TEST_F(LearntTableTest, TellsEachChangeButThoseOfSuspectsOnceAndNoMoreThanItMayKeep) {
  fail_enough();
  clock.advance(hours(1));
  expect_retry();
  clock.advance(LearntTable::kRetryLasts);
  expect_retry();  // the same once more
  fail("10.0.0.1");
  table.forget(entry().id);
  std::string story;
  for (const LearntChange& change : table.take_changes().list)
    story += std::string(name(change.from)) + ">" + std::string(name(change.entry.state)) + " ";
  EXPECT_EQ(story, "suspect>bypass bypass>retry retry>bypass bypass>forgotten ");
  EXPECT_TRUE(table.take_changes().list.empty());

  LearntTable large({}, clock, SipKey{});
  for (std::size_t i = 0; i < LearntTable::kChangesMax + 5; ++i) {
    for (const char* client : {"10.0.0.1", "10.0.0.2", "10.0.0.1"})
      large.on_failure(place("n" + std::to_string(i)), Learning::kAuto, address(client), Rejection::kReset);
  }
  const LearntTable::Changes changes = large.take_changes();
  EXPECT_EQ(changes.list.size(), LearntTable::kChangesMax);
  EXPECT_EQ(changes.untold, 5U);
}

TEST_F(LearntTableTest, BringsBackWhatLastsWithinItsBounds) {
  fail_enough(Learning::kPropose, place("proposed.example"));
  fail_enough(Learning::kAuto, place("passed.example"));
  fail_enough(Learning::kAuto, place("accepted.example"));
  fail("10.0.0.1", Learning::kAuto, place("suspect.example"));
  for (const LearntEntry& each : table.entries()) {
    if (each.place->host == "accepted.example") table.accept(each.id);
  }
  std::vector<LearntEntry> kept = table.entries();
  for (LearntEntry& each : kept) {
    each.sessions = 7;
    if (each.place->host != "passed.example") continue;
    each.until = clock.wall() + hours(1'000);  // as nothing that is written here
    each.span = hours(1'000);
  }
  clock.advance(minutes(1));
  LearntTable later({}, clock, SipKey{5, 6});
  later.restore(kept);
  later.restore(kept);
  ASSERT_EQ(later.entries().size(), 3U) << "suspects are not worth it, and nothing is there twice";
  for (const LearntEntry& each : later.entries()) {
    EXPECT_EQ(each.sessions, 7U);
    EXPECT_EQ(each.clients, 2U);
    if (each.place->host == "passed.example") {
      EXPECT_EQ(each.span, hours(12));
    }
    const auto before = std::find_if(kept.begin(), kept.end(), [&](const LearntEntry& other) {
      return other.place->host == each.place->host;
    });
    EXPECT_EQ(each.id, before->id);
    EXPECT_EQ(each.first_failure, before->first_failure);
  }
  EXPECT_NE(later.ask(place("accepted.example"), Learning::kPropose), nullptr);
  EXPECT_NE(later.ask(place("passed.example"), Learning::kAuto), nullptr);
  EXPECT_EQ(later.ask(place("proposed.example"), Learning::kPropose), nullptr);
  clock.advance(hours(12));
  EXPECT_EQ(later.ask(place("passed.example"), Learning::kAuto), nullptr) << "it is tried again";
}

TEST_F(LearntTableTest, WhatWasBroughtBackNeedsItsFailuresAnewUnderAnotherMode) {
  fail_enough(Learning::kPropose);
  const auto kept = table.entries();
  LearntTable later({}, clock, SipKey{});
  later.restore(kept);
  later.on_failure(place(), Learning::kAuto, address("10.0.0.1"), Rejection::kUnknownCa);
  EXPECT_EQ(later.entries().front().state, LearntState::kProposed);
  EXPECT_EQ(later.entries().front().failures, 4U);
}

TEST_F(LearntTableTest, ItsGenerationTellsWhetherThereIsAnythingToSave) {
  const auto before = table.generation();
  fail("10.0.0.1");
  table.on_success(place("other.example"));
  EXPECT_EQ(table.generation(), before);
  clock.advance(minutes(11));
  fail_enough();
  EXPECT_NE(table.generation(), before);
}

TEST(LearntTable, TakesOnlyNamesThatCanBeWrittenAnywhere) {
  for (const char* good : {"shop.example", "xn--bcher-kva.example", "_sip.a", "[2001:db8::1]:443"})
    EXPECT_TRUE(is_plain_name(good)) << good;
  for (const char* bad : {"", "Shop.example", "a b", "a\"b", "a\nb", "b\xc3\xbc.example", "a/b"})
    EXPECT_FALSE(is_plain_name(bad)) << bad;
  EXPECT_FALSE(is_plain_name(std::string(301, 'a')));
}

TEST(LearntTable, ServesSeveralWorkersAndTheControlThreadAtOnce) {
  ManualClock clock(milliseconds(1));
  LearntTable table({.entries_max = 32}, clock, SipKey{9, 9});
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 3; ++worker) {
    workers.emplace_back([&table, worker] {
      for (int i = 0; i < 2'000; ++i) {
        const LearntPlace at = place("h" + std::to_string(i % 50) + ".example");
        const IpAddress client = address("10.0." + std::to_string(worker) + "." + std::to_string(i % 7));
        if (const auto unseen = table.ask(at, Learning::kAuto)) unseen->bytes.fetch_add(1);
        table.on_failure(at, Learning::kAuto, client, Rejection::kSilent);
        if (i % 97 == 0) table.on_success(at);
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    for (const LearntEntry& each : table.entries())
      i % 2 == 0 ? table.accept(each.id) : table.forget(each.id);
    table.expire();
    table.take_changes();
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_LE(table.entries().size(), 32U);
}

}  // namespace
}  // namespace limpid::tls
