#include "dataplane/base/bytes.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(ByteReader, ReadsNetworkOrderAndNestedVectors) {
  ByteReader reader(as_bytes(std::string_view("\x01\x02\x03\x00\x02hi\xff", 8)));
  EXPECT_EQ(reader.u24(), 0x010203U);
  EXPECT_EQ(as_text(reader.vector16()), "hi");
  EXPECT_EQ(reader.u8(), 0xffU);
  EXPECT_TRUE(reader.empty());
  EXPECT_FALSE(reader.failed());
}

TEST(ByteReader, StaysFailedAfterAReadBeyondTheEnd) {
  ByteReader reader(as_bytes("abc"));
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_EQ(reader.u8(), 0U);
  EXPECT_TRUE(reader.failed());
}

TEST(ByteReader, AVectorLongerThanTheRestFailsWithoutReadingIt) {
  ByteReader reader(as_bytes(std::string_view("\x00\x09x", 3)));
  EXPECT_TRUE(reader.vector16().empty());
  EXPECT_TRUE(reader.failed());
}

}  // namespace
}  // namespace limpid
