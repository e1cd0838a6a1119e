#include "control/learnt_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>

#include "tests/support/manual_clock.h"
#include "tests/unit/control/folder.h"

namespace limpid::control {
namespace {

using policy::Learning;
using std::chrono::hours;
using std::chrono::minutes;
using ::testing::HasSubstr;
using tls::LearntPlace;
using tls::LearntTable;

LearntPlace place(const std::string& host, const std::string& rule = "rest", std::uint16_t segment = 1) {
  return {.host = host,
          .server = {{}, 443},
          .client = *tls::Ja4::parse("t13d1516h2_8daaf6152771_e5627efa2ab1"),
          .rule = rule,
          .segment = segment};
}

class LearntKeeperTest : public ::testing::Test {
 protected:
  /// limpid as it starts, with its own table.
  struct Process {
    Process(LearntKeeperTest& test, LearntSurroundings surroundings)
        : table({}, test.clock, SipKey{1, 2}),
          keeper(table, std::move(surroundings), test.clock, [&test](bool grave, const std::string& line) {
            test.lines += (grave ? "! " : "  ") + line + "\n";
          }) {
      keeper.load();
    }
    void fail_enough(const LearntPlace& at, Learning mode = Learning::kAuto) {
      for (const char* client : {"10.0.0.1", "10.0.0.2", "10.0.0.1"})
        table.on_failure(at, mode, *IpAddress::parse(client), tls::Rejection::kUnknownCa);
    }
    std::string id() const { return table.entries().at(0).id; }
    LearntTable table;
    LearntKeeper keeper;
  };
  LearntSurroundings usual() const {
    return {.file = file,
            .signing = "ca",
            .segments = {"edge", "lab"},
            .rules = {"default", "rest", "rules[2]"},
            .policy = "p"};
  }
  void write(const std::string& text) const { std::ofstream(file) << text; }

  ManualClock clock;
  Folder folder;
  std::string file = folder.file("learnt.json");
  std::string lines;
};

TEST_F(LearntKeeperTest, BringsBackAfterARestartWhatLasts) {
  {
    Process first(*this, usual());
    EXPECT_EQ(lines, "") << "that there is no file yet is no news";
    first.fail_enough(place("passed.example"));
    first.fail_enough(place("proposed.example"), Learning::kPropose);
    LearntPlace addressed = place("");
    addressed.server = *SocketAddress::parse("[2001:db8::1]:443");
    first.fail_enough(addressed, Learning::kPropose);
    LearntPlace proxied = place("");
    proxied.connect = "192.0.2.1:8443";
    first.fail_enough(proxied, Learning::kPropose);
    const auto unseen = first.table.ask(place("passed.example"), Learning::kAuto);
    ++unseen->sessions;
    unseen->bytes += 1'000;
    first.keeper.finish();
  }
  struct stat facts {};
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  clock.advance(minutes(10));
  Process second(*this, usual());
  const auto entries = second.table.entries();
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_NE(second.table.ask(place("passed.example"), Learning::kAuto), nullptr);
  for (const tls::LearntEntry& each : entries) {
    EXPECT_EQ(each.place->segment, 1);
    EXPECT_EQ(each.failures, 3U);
    if (each.place->host != "passed.example") continue;
    EXPECT_EQ(each.sessions, 1U);
    EXPECT_EQ(each.bytes, 1'000U);
    EXPECT_EQ(std::chrono::round<minutes>(each.until - clock.wall()), minutes(50));
  }
  clock.advance(hours(1));
  EXPECT_EQ(second.table.ask(place("passed.example"), Learning::kAuto), nullptr) << "it is tried again";
}

TEST_F(LearntKeeperTest, SavesSoonAfterAChangeAndNotAtEveryLook) {
  Process process(*this, usual());
  process.keeper.run();
  EXPECT_EQ(contents(file), "") << "nothing is known";
  process.fail_enough(place("a.example"));
  process.keeper.run();
  EXPECT_THAT(contents(file), HasSubstr("a.example"));
  process.fail_enough(place("b.example"));
  process.keeper.run();
  EXPECT_THAT(contents(file), Not(HasSubstr("b.example")));
  clock.advance(LearntKeeper::kSaveEvery);
  process.keeper.run();
  EXPECT_THAT(contents(file), HasSubstr("b.example"));
  process.table.ask(place("a.example"), Learning::kAuto)->bytes += 123'456;
  clock.advance(LearntKeeper::kSaveEvery);
  process.keeper.run();
  EXPECT_THAT(contents(file), Not(HasSubstr("123456")));
  clock.advance(LearntKeeper::kSaveCountsEvery);
  process.keeper.run();
  EXPECT_THAT(contents(file), HasSubstr("123456"));
}

TEST_F(LearntKeeperTest, ABrokenFileIsPutAsideAndSaidSo) {
  for (const char* broken :
       {"", "nonsense", "[]", "{\"format\":2,\"signing\":\"ca\",\"policy\":\"p\",\"entries\":[]}",
        "{\"format\":1,\"signing\":\"ca\",\"policy\":\"p\",\"entries\":7}",
        "{\"format\":1,\"signing\":\"ca\",\"policy\":\"p\",\"entries\":{}}",
        "{\"format\":1,\"signing\":7,\"entries\":{}}"}) {
    lines.clear();
    write(broken);
    const Process process(*this, usual());
    EXPECT_TRUE(process.table.entries().empty());
    EXPECT_EQ(lines, "! " + file + " is not understood: nothing is known of what was learnt before; it is " +
                         file + ".broken now\n")
        << broken;
    EXPECT_EQ(contents(file + ".broken"), broken);
  }
}

TEST_F(LearntKeeperTest, TakesNoEntryThatItWouldNotHaveWritten) {
  {
    Process first(*this, usual());
    first.fail_enough(place("good.example"));
    first.keeper.finish();
  }
  const std::string good = contents(file);
  const std::pair<const char*, const char*> changes[] = {
      {"good.example", "Good example"}, {"good.example", ""},    {"t13d1516h2_8", "t13d1516h2-8"},
      {"\"bypass\"", "\"suspect\""},    {"\"auto\"", "\"off\""}, {"unknown_ca", "boredom"}};
  for (const auto& [from, to] : changes) {
    std::string text = good;
    text.replace(text.find(from), std::string(from).size(), to);
    lines.clear();
    write(text);
    const Process process(*this, usual());
    EXPECT_TRUE(process.table.entries().empty()) << to;
    EXPECT_EQ(lines, "! learnt: 1 entry not taken: not as limpid writes them; the file as it was is " + file +
                         ".broken\n")
        << to;
    EXPECT_EQ(contents(file + ".broken"), text);
  }
}

TEST_F(LearntKeeperTest, TakesTheEntriesBesideOneThatItDoesNotUnderstand) {
  {
    Process first(*this, usual());
    for (const char* host : {"first.example", "other.example", "last.example"})
      first.fail_enough(place(host));
    first.keeper.finish();
  }
  const std::string good = contents(file);
  const std::size_t at = good.find("other.example");
  for (const auto& [from, to] :
       {std::pair("\"port\": 443", "\"port\": \"443\""), std::pair("\"ja4\"", "\"ja3\"")}) {
    std::string text = good;
    text.replace(text.find(from, at), std::string(from).size(), to);
    lines.clear();
    write(text);
    Process process(*this, usual());
    EXPECT_EQ(process.table.entries().size(), 2U) << to;
    EXPECT_EQ(process.table.ask(place("other.example"), Learning::kAuto), nullptr);
    EXPECT_THAT(lines, HasSubstr("! learnt: 1 entry not taken")) << to;
    process.fail_enough(place("new.example"));
    process.keeper.finish();
    EXPECT_EQ(contents(file + ".broken"), text) << "nothing of it is lost when the file is written anew";
  }
}

TEST_F(LearntKeeperTest, ForgetsUnderAnotherSigningCaAllButWhatTheOperatorHasAccepted) {
  {
    Process first(*this, usual());
    first.fail_enough(place("accepted.example"));
    ASSERT_TRUE(first.keeper.judge(first.id(), LearntVerdict::kAccept));
    first.fail_enough(place("passed.example"));
    first.keeper.finish();
  }
  lines.clear();
  auto other = usual();
  other.signing = "another";
  const Process second(*this, other);
  EXPECT_EQ(lines, "  learnt: 1 entry forgotten: the signing CA is another one\n");
  ASSERT_EQ(second.table.entries().size(), 1U);
  EXPECT_EQ(second.table.entries()[0].place->host, "accepted.example");
}

TEST_F(LearntKeeperTest, KeepsToNamesWhereSegmentsHaveOtherNumbersAndForgetsThoseThatAreNoMore) {
  {
    Process first(*this, usual());
    first.fail_enough(place("here.example"));
    first.fail_enough(place("there.example", "rest", 0));
    first.fail_enough(place("default.example", "default"));
    first.keeper.finish();
  }
  lines.clear();
  auto other = usual();
  other.segments = {"new", "newer", "lab"};
  other.rules = {"default", "rest"};
  const Process second(*this, other);
  EXPECT_EQ(lines, "  learnt: 1 entry forgotten: their rule or segment is no more, or may be another one\n");
  EXPECT_EQ(second.table.entries().size(), 2U);
  for (const tls::LearntEntry& each : second.table.entries()) EXPECT_EQ(each.place->segment, 2);
}

TEST_F(LearntKeeperTest, TakesNothingForARuleWithoutANameWhereThePolicyIsAnotherOne) {
  {
    Process first(*this, usual());
    first.fail_enough(place("numbered.example", "rules[2]"));
    first.fail_enough(place("named.example"));
    first.keeper.finish();
  }
  EXPECT_EQ(Process(*this, usual()).table.entries().size(), 2U);
  lines.clear();
  auto other = usual();
  other.policy = "another";
  const Process second(*this, other);
  EXPECT_EQ(lines, "  learnt: 1 entry forgotten: their rule or segment is no more, or may be another one\n");
  ASSERT_EQ(second.table.entries().size(), 1U);
  EXPECT_EQ(second.table.entries()[0].place->host, "named.example");
}

TEST_F(LearntKeeperTest, TellsEachChangeInOneLine) {
  Process process(*this, usual());
  process.fail_enough(place("a.example"), Learning::kPropose);
  process.keeper.run();
  const std::string id = process.id();
  const std::string who =
      "learnt " + id + ": a.example:443 with clients t13d1516h2_8daaf6152771_e5627efa2ab1, rule rest: ";
  const std::string evidence = " (3 failures of 2 clients, the last: alert unknown_ca)";
  EXPECT_EQ(lines, "  " + who + "proposed" + evidence + "; `limpid learnt --accept " + id +
                       "` passes such sessions\n");
  lines.clear();
  ASSERT_TRUE(process.keeper.judge(id, LearntVerdict::kAccept));
  ASSERT_TRUE(process.keeper.judge(id, LearntVerdict::kForget));
  process.fail_enough(place("a.example"));
  process.keeper.run();
  EXPECT_EQ(lines, "  " + who + "accepted, passed until it is forgotten\n  " + who +
                       "forgotten, was accepted\n! " + who + "passed for 1h00m" + evidence + "\n");
  lines.clear();
  clock.advance(hours(1));
  process.table.ask(place("a.example"), Learning::kAuto);
  process.keeper.run();
  EXPECT_EQ(lines, "  " + who + "one session is decrypted again\n");
}

TEST_F(LearntKeeperTest, AFloodOfChangesIsCountedAndNotTold) {
  Process process(*this, usual());
  for (int i = 0; i < 100; ++i) process.fail_enough(place("n" + std::to_string(i) + ".example"));
  process.keeper.run();
  EXPECT_EQ(static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n')),
            LearntKeeper::kLinesPerMinute);
  lines.clear();
  clock.advance(minutes(1));
  process.keeper.run();
  EXPECT_EQ(lines, "  learnt: 70 further changes\n");
}

TEST_F(LearntKeeperTest, AnswersTheOperatorAndRefusesAWordOnWhatIsNotThere) {
  Process process(*this, usual());
  process.fail_enough(place("a.example"));
  process.table.on_failure(place("b.example"), Learning::kAuto, *IpAddress::parse("10.0.0.1"),
                           tls::Rejection::kClosed);
  ASSERT_EQ(process.keeper.rows({}).size(), 2U);
  const auto rows = process.keeper.rows({.host = "a.ex"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].state, "bypass");
  EXPECT_EQ(rows[0].segment, "lab");
  EXPECT_EQ(rows[0].server, "a.example:443");
  EXPECT_EQ(process.keeper.rows({.state = "suspect"})[0].evidence, "closed");
  EXPECT_EQ(process.keeper.rows({.limit = 1}).size(), 1U);
  EXPECT_EQ(process.keeper.judge("ab", LearntVerdict::kAccept).error(),
            "there is no entry ab; `limpid learnt` shows those that there are");
  const auto judged = process.keeper.judge(rows[0].id, LearntVerdict::kForget);
  ASSERT_TRUE(judged);
  EXPECT_EQ(judged->state, "forgotten");
  EXPECT_EQ(judged->server, "a.example:443");
  EXPECT_EQ(process.keeper.rows({}).size(), 1U);
}

TEST_F(LearntKeeperTest, CountsEntriesByTheirStateForTheStatistics) {
  Process process(*this, usual());
  process.fail_enough(place("a.example"));
  process.fail_enough(place("b.example"), Learning::kPropose);
  Stats stats;
  process.keeper.add_stats(stats);
  std::string text;
  for (const NamedCount& each : stats.more) text += each.name + "=" + std::to_string(each.count) + ";";
  EXPECT_EQ(text,
            "learnt entries: suspect=0;learnt entries: proposed=1;learnt entries: bypass=1;"
            "learnt entries: retry=0;learnt entries: accepted=0;failures that could not be learnt from=0;");
}

TEST_F(LearntKeeperTest, AFileThatCannotBeWrittenIsSaidOnceAndTriedAgain) {
  auto nowhere = usual();
  nowhere.file = folder.file("missing/learnt.json");
  Process process(*this, nowhere);
  process.fail_enough(place("a.example"), Learning::kPropose);
  process.keeper.run();
  EXPECT_THAT(lines, HasSubstr("! learnt: " + nowhere.file + ".new: cannot be opened: No such file"));
  lines.clear();
  clock.advance(LearntKeeper::kSaveEvery);
  process.keeper.run();
  EXPECT_EQ(lines, "");
  std::filesystem::create_directory(folder.file("missing"));
  clock.advance(LearntKeeper::kSaveEvery);
  process.keeper.run();
  EXPECT_THAT(contents(nowhere.file), HasSubstr("a.example"));
}

}  // namespace
}  // namespace limpid::control
