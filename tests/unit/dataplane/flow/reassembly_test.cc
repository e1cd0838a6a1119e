#include "dataplane/flow/reassembly.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "dataplane/base/random.h"

namespace limpid::flow {
namespace {

using Added = Reassembly::Added;

TEST(Reassembly, PutsPiecesInOrder) {
  Reassembly bytes(100);
  EXPECT_EQ(bytes.add(3, as_bytes("def")), Added::kNew);
  EXPECT_TRUE(bytes.contiguous().empty());
  EXPECT_EQ(bytes.add(0, as_bytes("abc")), Added::kNew);
  EXPECT_EQ(as_text(bytes.contiguous()), "abcdef");
}

TEST(Reassembly, TheFirstCopyOfAByteWins) {
  Reassembly bytes(100);
  bytes.add(2, as_bytes("CD"));
  bytes.add(6, as_bytes("GH"));
  EXPECT_EQ(bytes.add(0, as_bytes("xxxxxxxxxx")), Added::kNew);
  EXPECT_EQ(as_text(bytes.contiguous()), "xxCDxxGHxx");
  EXPECT_EQ(bytes.add(1, as_bytes("yyyy")), Added::kNothing);
}

TEST(Reassembly, RefusesWhatExceedsItsLimitsAndStaysAsItWas) {
  Reassembly bytes(10, 2);
  EXPECT_EQ(bytes.add(8, as_bytes("abc")), Added::kRefused);
  bytes.add(2, as_bytes("a"));
  bytes.add(5, as_bytes("b"));
  EXPECT_EQ(bytes.add(8, as_bytes("c")), Added::kRefused);
  EXPECT_EQ(bytes.add(3, as_bytes("xx")), Added::kNew) << "joins two pieces";
}

TEST(Reassembly, ConsumesFromTheFront) {
  Reassembly bytes(10);
  bytes.add(0, as_bytes("abcdef"));
  bytes.add(8, as_bytes("x"));
  bytes.consume(4);
  EXPECT_EQ(as_text(bytes.contiguous()), "ef");
  bytes.consume(2);
  EXPECT_TRUE(bytes.contiguous().empty());
  bytes.add(0, as_bytes("gh"));
  EXPECT_EQ(as_text(bytes.contiguous()), "ghx");
  bytes.consume(3);
  EXPECT_TRUE(bytes.empty());
}

TEST(Reassembly, OneByteFarAheadCostsOneByte) {
  Reassembly bytes(65'536);
  EXPECT_EQ(bytes.add(65'535, as_bytes("x")), Added::kNew);
  EXPECT_EQ(bytes.held(), 1U);
}

TEST(Reassembly, AgreesWithAByteMap) {
  SeededRandom random(9);
  for (int run = 0; run < 200; ++run) {
    Reassembly bytes(300, 16);
    std::vector<std::optional<char>> model(300);
    for (int step = 0; step < 60; ++step) {
      const std::size_t offset = random.next() % 290;
      const std::string text(random.next() % 12, static_cast<char>('a' + step % 26));
      const Added added = bytes.add(offset, as_bytes(text));
      bool fresh = false;
      for (std::size_t i = 0; i < text.size() && added != Added::kRefused; ++i) {
        if (model[offset + i]) continue;
        model[offset + i] = text[i];
        fresh = true;
      }
      if (added != Added::kRefused) {
        ASSERT_EQ(added == Added::kNew, fresh);
      }
      if (random.next() % 10 == 0) {
        const std::size_t size = bytes.contiguous().size() / 2;
        bytes.consume(size);
        model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(size));
        model.resize(300);
      }
      std::string expected;
      for (std::size_t i = 0; i < model.size() && model[i]; ++i) expected += *model[i];
      ASSERT_EQ(as_text(bytes.contiguous()), expected) << "run " << run << " step " << step;
    }
  }
}

}  // namespace
}  // namespace limpid::flow
