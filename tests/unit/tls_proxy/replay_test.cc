#include "tls_proxy/replay.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/tls_proxy/memory_stream.h"

namespace limpid::tls {
namespace {

using testing::MemoryStream;

struct ReplayTest : ::testing::Test {
  std::string read(TlsEngine& leg) {
    std::array<std::byte, 4> piece{};
    std::string all;
    for (;;) {
      const TlsEngine::ReadResult result = leg.read(piece);
      if (result.what != TlsEngine::Read::kBytes) return all;
      all += as_text(Bytes(piece).first(result.size));
    }
  }
  Prelude prelude{
      .turns = {{Direction::kFromServer, "220 hi\r\n"}, {Direction::kFromClient, "STARTTLS\r\n"}}};
  MemoryStream client{Reason::client_reset};
  MemoryStream server{Reason::server_reset};
  Replay replay{prelude, {client, server}};
};

TEST_F(ReplayTest, SaysEachTurnOnceTheOneBeforeHasComeOut) {
  EXPECT_EQ(read(replay.legs().client), "");
  EXPECT_EQ(read(replay.legs().server), "220 hi\r\n");
  EXPECT_EQ(read(replay.legs().client), "");
  replay.legs().client.write(as_bytes("220 "));
  EXPECT_EQ(read(replay.legs().client), "");
  replay.legs().client.write(as_bytes("hi\r\n"));
  EXPECT_EQ(read(replay.legs().client), "STARTTLS\r\n");
  EXPECT_FALSE(replay.over());
  replay.legs().server.write(as_bytes("STARTTLS\r\n"));
  EXPECT_TRUE(replay.over());
  EXPECT_FALSE(replay.altered());
  EXPECT_EQ(client.waiting() + server.waiting(), 0U) << "nothing of it reaches the legs";
}

TEST_F(ReplayTest, NoticesWhatIsChangedAddedOrEnded) {
  const std::array<void (*)(Replay&), 4> changes{
      [](Replay& it) { it.legs().client.write(as_bytes("221 ")); },
      [](Replay& it) { it.legs().client.write(as_bytes("220 hi\r\nmore")); },
      [](Replay& it) { it.legs().server.write(as_bytes("x")); },
      [](Replay& it) { it.legs().client.finish(); },
  };
  for (const auto change : changes) {
    Replay fresh(prelude, {client, server});
    change(fresh);
    EXPECT_TRUE(fresh.altered());
  }
}

TEST_F(ReplayTest, IsBrokenWithItsLegs) {
  client.deliver_reset();
  std::array<std::byte, 4> piece{};
  EXPECT_EQ(replay.legs().client.read(piece).what, TlsEngine::Read::kBroken);
}

}  // namespace
}  // namespace limpid::tls
