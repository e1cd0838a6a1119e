#include "tls_proxy/leg_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace limpid::tls {
namespace {

using tool::Direction;

/// Writes down what it is told.
class NotedTap final : public tool::PlaintextTap {
 public:
  explicit NotedTap(std::vector<std::string>& notes) : notes_(notes) {}
  void on_bytes(Direction direction, Bytes bytes, WallTime when) override {
    note(direction, std::string(as_text(bytes)), when);
  }
  void on_end(Direction direction, WallTime when) override { note(direction, "end", when); }
  void on_reset(Direction direction, WallTime when) override { note(direction, "reset", when); }
  void on_secrets(Bytes lines, WallTime) override {
    notes_.push_back("secrets: " + std::string(as_text(lines)));
  }

 private:
  void note(Direction direction, const std::string& what, WallTime when) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
    notes_.push_back((direction == Direction::kFromClient ? "client: " : "server: ") + what + " @" +
                     std::to_string(seconds - 1'000));
  }
  std::vector<std::string>& notes_;
};

class LegRecorderTest : public ::testing::Test {
 protected:
  LegRecorderTest() {
    LegRecorder::Taps taps;
    taps.push_back(std::make_unique<NotedTap>(notes));
    recorder = std::make_unique<LegRecorder>(std::move(taps), clock);
  }
  void handshake() {
    recorder->on_read(as_bytes("hello"));
    recorder->on_secret("HANDSHAKE 1 2");
    clock.advance(std::chrono::seconds(1));
    recorder->on_written(as_bytes("flight"));
    recorder->on_secret("TRAFFIC 1 2");
  }
  ManualClock clock;
  std::vector<std::string> notes;
  std::unique_ptr<LegRecorder> recorder;
};

TEST_F(LegRecorderTest, TellsTheSecretsOfAHandshakeBeforeItsFirstByteAndEachByteInItsTime) {
  handshake();
  EXPECT_TRUE(notes.empty()) << "a reader needs the secrets first";
  recorder->on_established();
  EXPECT_THAT(notes, testing::ElementsAre("secrets: HANDSHAKE 1 2\nTRAFFIC 1 2\n", "client: hello @0",
                                          "server: flight @1"));
}

TEST_F(LegRecorderTest, TellsWhatFollowsAsItComes) {
  recorder->on_established();
  recorder->on_written(as_bytes("data"));
  recorder->on_peer_finished();
  recorder->on_secret("LATER 1 2");
  recorder->on_finished();
  EXPECT_THAT(notes, testing::ElementsAre("server: data @0", "client: end @0", "secrets: LATER 1 2\n",
                                          "server: end @0"));
}

TEST_F(LegRecorderTest, AHandshakeThatNeverEndsIsToldAsFarAsItCame) {
  handshake();
  recorder.reset();
  EXPECT_THAT(
      notes, testing::ElementsAre(testing::StartsWith("secrets: "), "client: hello @0", "server: flight @1"));
}

TEST_F(LegRecorderTest, AnEndBeforeTheHandshakesIsToldBehindItsBytes) {
  recorder->on_read(as_bytes("hello"));
  recorder->on_finished();
  EXPECT_THAT(notes, testing::ElementsAre("client: hello @0", "server: end @0"));
}

TEST_F(LegRecorderTest, OfTheServerLegTellsWhatIsReadAsTheServers) {
  LegRecorder::Taps taps;
  taps.push_back(std::make_unique<NotedTap>(notes));
  LegRecorder of_server(std::move(taps), clock, Direction::kFromServer);
  of_server.on_established();
  of_server.on_written(as_bytes("hello"));
  of_server.on_read(as_bytes("flight"));
  of_server.on_peer_finished();
  of_server.on_finished();
  EXPECT_THAT(notes, testing::ElementsAre("client: hello @0", "server: flight @0", "server: end @0",
                                          "client: end @0"));
}

TEST_F(LegRecorderTest, KeepsNoMoreThanAHandshakeIsLong) {
  const std::string much(100'000, 'x');
  for (int i = 0; i < 3; ++i) recorder->on_read(as_bytes(much));
  EXPECT_EQ(notes.size(), 3U);
}

}  // namespace
}  // namespace limpid::tls
