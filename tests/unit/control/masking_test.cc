#include "control/masking.h"

#include <gtest/gtest.h>

#include "dataplane/tool/stream_mask.h"

namespace limpid::control {
namespace {

std::string masked(const config::Mask& mask, std::string_view text) {
  const auto maker = MaskMaker::compile(mask);
  EXPECT_TRUE(maker.ok());
  const auto masking = maker->make();
  tool::StreamMask stream(*masking);
  std::vector<std::byte> out;
  for (const char& c : text) stream.take(as_bytes({&c, 1}), out);
  stream.finish(out);
  return std::string(as_text(out));
}

TEST(Masking, HidesEverythingThatTheConfigurationNames) {
  const config::Mask mask{{"cookie"}, true, {"AKIA[0-9A-Z]{4}", "end$"}};
  EXPECT_EQ(masked(mask, "GET / HTTP/1.1\r\nCookie: a=b\r\n\r\ncard 4111 1111 1111 1111, AKIA00ZZ, the end"),
            "GET / HTTP/1.1\r\nCookie:xxxx\r\n\r\ncard xxxx xxxx xxxx xxxx, xxxxxxxx, the xxx");
}

TEST(Masking, IsNothingWhereNothingIsNamed) { EXPECT_EQ(MaskMaker::compile({})->make(), nullptr); }

TEST(Masking, SaysWhatIsNoPattern) {
  const auto maker = MaskMaker::compile({{}, false, {"[0-9]+"}});
  ASSERT_FALSE(maker.ok());
  EXPECT_EQ(maker.error(), "\"[0-9]+\" may match more than 256 bytes");
}

}  // namespace
}  // namespace limpid::control
