#include "dataplane/tool/session_copy.h"

#include "tests/unit/dataplane/tool/told_frames.h"
#include "tests/unit/dataplane/tool/word_scanner.h"

namespace limpid::tool {
namespace {

class SessionCopyTest : public testing::Test {
 protected:
  SessionCopyTest() {
    masking_.headers = {"cookie"};
    masking_.scanner = std::make_unique<WordScanner>("password");
  }
  StreamReader read() const {
    StreamReader reader(v4_flow().client);
    reader.read(list_.frames);
    return reader;
  }

  FrameList list_;
  Masking masking_;
};

TEST_F(SessionCopyTest, WithoutAMaskTellsWhatItIsGiven) {
  SessionCopy copy(v4_flow(), moment(), {list_});
  copy.on_bytes(Direction::kFromClient, as_bytes("\nCookie: a password"), moment());
  copy.on_over(moment());
  EXPECT_EQ(read().from_client(), "\nCookie: a password");
}

TEST_F(SessionCopyTest, MasksBothDirectionsEachByItself) {
  SessionCopy copy(v4_flow(), moment(), {list_, &masking_});
  copy.on_bytes(Direction::kFromClient, as_bytes("\nCookie: a"), moment());
  copy.on_bytes(Direction::kFromServer, as_bytes("the pass"), moment());
  copy.on_bytes(Direction::kFromClient, as_bytes("b\npass"), moment());
  copy.on_bytes(Direction::kFromServer, as_bytes("word"), moment());
  copy.on_end(Direction::kFromClient, moment());
  copy.on_end(Direction::kFromServer, moment());
  const StreamReader reader = read();
  EXPECT_EQ(reader.from_client(), "\nCookie:xxx\npass");
  EXPECT_EQ(reader.from_server(), "the xxxxxxxx");
  EXPECT_TRUE(reader.client_fin() && reader.server_fin());
  EXPECT_EQ(reader.gaps, 0);
}

TEST_F(SessionCopyTest, WhatWasHeldBackIsToldBeforeAResetAndAtTheEnd) {
  SessionCopy copy(v4_flow(), moment(), {list_, &masking_});
  copy.on_bytes(Direction::kFromClient, as_bytes("body"), moment());
  copy.on_bytes(Direction::kFromServer, as_bytes("answer"), moment());
  copy.on_reset(Direction::kFromClient, moment());
  copy.on_over(moment());
  const StreamReader reader = read();
  EXPECT_EQ(reader.from_client(), "body");
  EXPECT_EQ(reader.from_server(), "answer");
  EXPECT_TRUE(reader.client_rst() || reader.server_rst());
}

TEST_F(SessionCopyTest, ALossLeavesAGapOfItsSize) {
  SessionCopy copy(v4_flow(), moment(), {list_, &masking_});
  copy.on_bytes(Direction::kFromClient, as_bytes("a\nmy passw"), moment());
  copy.skip(Direction::kFromClient, 3, moment());
  copy.on_bytes(Direction::kFromClient, as_bytes("rd\nplain\n"), moment());
  copy.on_over(moment());
  EXPECT_EQ(read().from_client(), "a\nmxxxxxxxxx\nplain\n");
  EXPECT_EQ(read().gaps, 1);
}

}  // namespace
}  // namespace limpid::tool
