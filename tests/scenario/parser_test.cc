#include "tests/scenario/parser.h"

#include <gtest/gtest.h>

#include "dataplane/tcp/segment.h"

namespace limpid::scenario {
namespace {

std::vector<Script> parse_text(const std::string& text) { return scenario::parse({{"x.tcp", text}}); }

std::string complaint(const std::string& text) {
  try {
    parse_text(text);
  } catch (const ParseError& error) {
    return error.what();
  }
  return "";
}

TEST(ScriptParser, NamesTheTestAfterItsTopicClaimAndState) {
  const auto scripts = parse_text(
      "define CLOSE_WAIT\n  < FA\n"
      "script A peer's reset, if exact, ends it\n  rfc 5961 3.2\n  in CLOSE_WAIT\n  < R\n");
  ASSERT_EQ(scripts.size(), 1U);
  EXPECT_EQ(scripts[0].topic, "x");
  EXPECT_EQ(scripts[0].test_name(), "APeersResetIfExactEndsIt_CLOSE_WAIT");
  EXPECT_EQ(scripts[0].rfc, "5961 3.2");
  EXPECT_EQ(scripts[0].line, 3);
}

TEST(ScriptParser, BringsAConnectionToEachStateThatAScriptIsTrueIn) {
  const auto scripts = parse_text(
      "define EST\n  wait 1ms\ndefine CLOSE_WAIT\n  < FA\n  > A\n"
      "script It\n  rfc 1\n  in EST CLOSE_WAIT\n  linux\n  silent\n");
  ASSERT_EQ(scripts.size(), 2U);
  EXPECT_EQ(scripts[0].steps.size(), 2U);
  EXPECT_EQ(scripts[1].steps.size(), 3U);
  EXPECT_EQ(scripts[1].steps[0].line, 4) << "a step that fails is shown where it is written";
  EXPECT_TRUE(scripts[1].on_linux);
}

TEST(ScriptParser, ReadsEveryPartOfASegment) {
  const auto scripts = parse_text(
      "script It\n  rfc 1\n"
      "  < PAE 1:1001 ack next-5 win 7 sack 1:2 next:next+3 ts 4 ecr 5 ce fill z\n"
      "  > A next+1 len 10 win 5..9 nosack ect within 40ms..1s\n");
  const SegmentText& in = std::get<Inject>(scripts[0].steps[0].action).segment;
  EXPECT_EQ(in.flags, tcp::kPsh | tcp::kAck | tcp::kEce);
  EXPECT_EQ(in.end->offset, 1001);
  EXPECT_TRUE(in.ack->next);
  EXPECT_EQ(in.ack->offset, -5);
  EXPECT_EQ(in.sack->size(), 2U);
  EXPECT_EQ(*in.timestamp, 4);
  EXPECT_EQ(*in.echo, 5);
  EXPECT_TRUE(in.ce);
  EXPECT_EQ(*in.fill, 'z');
  const Expect& out = std::get<Expect>(scripts[0].steps[1].action);
  EXPECT_EQ(out.segment.end->offset, 11);
  EXPECT_EQ(out.segment.window->high, 9);
  EXPECT_TRUE(out.segment.sack->empty());
  EXPECT_EQ(out.within.to, std::chrono::seconds{1});
}

TEST(ScriptParser, SaysWhereAndWhatIsWrong) {
  const std::string head = "script It\n  rfc 1\n";
  EXPECT_EQ(complaint(head + "  < Q\n"), "x.tcp:3: \"Q\" are not flags (letters of FSRPAUEC, or -)");
  EXPECT_EQ(complaint(head + "  < A 1:x\n"), "x.tcp:3: \"x\" is not a number");
  EXPECT_EQ(complaint(head + "  < A sack\n"), "x.tcp:3: between one and four SACK blocks are needed");
  EXPECT_EQ(complaint(head + "  < A win 1..2\n"), "x.tcp:3: an injected segment has one window");
  EXPECT_EQ(complaint(head + "  > A within 9ms..1ms\n"), "x.tcp:3: the time ends before it begins");
  EXPECT_EQ(complaint(head + "  wait 40\n"),
            "x.tcp:3: \"40\" is not a time such as 40ms (us, ms, s, min, h, d)");
  EXPECT_EQ(complaint(head + "  jump\n"), "x.tcp:3: \"jump\" is not a step");
  EXPECT_EQ(complaint(head + "  close now\n"), "x.tcp:3: \"now\" is not expected here");
  EXPECT_EQ(complaint(head + "  do it\n"), "x.tcp:3: \"it\" is not defined");
  EXPECT_EQ(complaint(head + "  with mss 70000\n"), "x.tcp:3: 70000 is out of range");
  EXPECT_EQ(complaint(head + "  with luck\n"), "x.tcp:3: \"luck\" is no part of a set-up");
  EXPECT_EQ(complaint(head), "x.tcp:1: \"It\" has no step");
  EXPECT_EQ(complaint("script It\n  close\n"), "x.tcp:1: \"It\" names no RFC");
  EXPECT_EQ(complaint("close\n"), "x.tcp:1: expected \"script\" or \"define\"");
  EXPECT_EQ(complaint(head + "  close\n" + head + "  close\n"), "x.tcp:4: \"It\" is claimed twice");
}

}  // namespace
}  // namespace limpid::scenario
