// A player that took everything would pass every script: each kind of expectation fails where it should.
#include "tests/scenario/player.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "tests/scenario/endpoint_subject.h"
#include "tests/scenario/parser.h"

namespace limpid::scenario {
namespace {

void play(const std::string& steps, const std::string& setup = "mss 1000") {
  const auto scripts = parse({{"x.tcp", "script It\n rfc 1\n with " + setup + "\n" + steps}});
  EndpointSubject endpoint(scripts.at(0).setup);
  Player(scripts.at(0), endpoint).play();
}

TEST(ScriptPlayer, PassesAScriptThatIsTrue) {
  play("write 100\n > PA 1:101 ack 1\n < A 1 ack 101\n silent 1s\n");
}

TEST(ScriptPlayer, MissesASegmentThatIsNotSent) {
  EXPECT_NONFATAL_FAILURE(play("> A 1\n"), "nothing was sent");
  EXPECT_NONFATAL_FAILURE(play("write 1000\n > text 1:2001\n"), "nothing was sent");
}

TEST(ScriptPlayer, ComplainsOfASegmentThatIsNotExpected) {
  EXPECT_NONFATAL_FAILURE(play("write 100\n"), "at the end: not expected: PA 1:101");
  EXPECT_NONFATAL_FAILURE(play("write 100\n silent\n"), "not expected: PA 1:101");
  EXPECT_NONFATAL_FAILURE(play("write 100\n < A\n"), "not expected: PA 1:101");
  EXPECT_NONFATAL_FAILURE(play("write 100\n > A 1:101\n silent 300ms\n"),
                          "after 210.000000 ms, not expected");
}

TEST(ScriptPlayer, ComparesWhatIsWritten) {
  EXPECT_NONFATAL_FAILURE(play("write 100\n > FA 1:101\n"), "the flags are PA");
  EXPECT_NONFATAL_FAILURE(play("write 100\n > A 2:101\n"), "it begins at 1, expected 2");
  EXPECT_NONFATAL_FAILURE(play("write 100\n > A 1:100\n"), "it ends at 101, expected 100");
  EXPECT_NONFATAL_FAILURE(play("write 100\n > A ack 2\n"), "it acknowledges 1, expected 2");
  EXPECT_NONFATAL_FAILURE(play("write 100\n > A win 1..2\n"), "the window is 60000");
  EXPECT_NONFATAL_FAILURE(play("write 100\n > A ect\n"), "it is not ECT");
  EXPECT_NONFATAL_FAILURE(play("write 100\n > A ecr 3\n"), "it has no timestamps");
  EXPECT_NONFATAL_FAILURE(play("write 100\n > A nots\n", "timestamps"), "it has timestamps");
  EXPECT_NONFATAL_FAILURE(play("write 100\n > A ecr 3\n", "timestamps"), "TSecr is 0, expected 3");
  EXPECT_NONFATAL_FAILURE(play("< A 11:21\n > A nosack\n", "sack"), "it says sack 11:21");
  EXPECT_NONFATAL_FAILURE(play("< A 11:21\n > A sack 11:20\n", "sack"), "it says sack 11:21");
}

TEST(ScriptPlayer, ComparesTimes) {
  EXPECT_NONFATAL_FAILURE(play("< A 1:101\n > A ack 101 within 41ms..50ms\n"), "too early, after 40.0");
  EXPECT_NONFATAL_FAILURE(play("< A 1:101\n > A ack 101 within 0ms..39ms\n"), "nothing was sent");
  EXPECT_NONFATAL_FAILURE(play("< A 1:101\n > A ack 101\n"), "nothing was sent");
}

TEST(ScriptPlayer, ComparesWhatTheApplicationSees) {
  EXPECT_NONFATAL_FAILURE(play("state CLOSED\n"), "the state is EST");
  EXPECT_NONFATAL_FAILURE(play("finished\n"), "the stream has not ended");
  EXPECT_NONFATAL_FAILURE(play("failure reset\n"), "the failure is none");
  EXPECT_NONFATAL_FAILURE(play("readable 1\n"), "what is readable is 0, expected 1");
  EXPECT_NONFATAL_FAILURE(play("unacked 1\n"), "what is unacknowledged is 0, expected 1");
  EXPECT_NONFATAL_FAILURE(play("count timeouts 1\n"), "timeouts is 0, expected 1");
  EXPECT_NONFATAL_FAILURE(play("read 1\n"), "what was read is 0, expected 1");
  EXPECT_NONFATAL_FAILURE(play("< A 1:9 fill x\n read 8\n"), "other bytes were read than expected");
}

}  // namespace
}  // namespace limpid::scenario
