#include "dataplane/tool/pcapng.h"

#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::tool {
namespace {

TEST(Pcapng, WhatIsWrittenIsReadBackToTheNanosecond) {
  pcapng::Buffer buffer;
  pcapng::append_section(buffer, "limpid");
  pcapng::append_interface(buffer, "recorder");
  pcapng::append_packet(buffer, 0, moment(1), as_bytes("frame"));
  pcapng::append_packet(buffer, 0, moment(2), as_bytes("eightbyt"), "a comment");
  const PcapngContents contents = read_pcapng(buffer);
  EXPECT_EQ(contents.sections, 1);
  EXPECT_EQ(contents.interfaces, std::vector<std::string>{"recorder"});
  ASSERT_EQ(contents.frames.size(), 2U);
  EXPECT_EQ(as_text(contents.frames[0].bytes), "frame");
  EXPECT_EQ(contents.frames[0].when, moment(1));
  EXPECT_EQ(as_text(contents.frames[1].bytes), "eightbyt");
  EXPECT_EQ(contents.frames[1].when, moment(2));
  EXPECT_EQ(contents.comments, (std::vector<std::string>{"", "a comment"}));
}

TEST(Pcapng, AnOptionIsCutToTheLengthThatItsFieldCanSay) {
  pcapng::Buffer buffer;
  pcapng::append_section(buffer, "limpid");
  pcapng::append_interface(buffer, std::string(70'000, 'x'));
  EXPECT_EQ(read_pcapng(buffer).interfaces.at(0).size(), 65'535U);
}

TEST(Pcapng, SaysBeforehandHowLongAPacketWillBe) {
  for (const std::size_t size : {0U, 1U, 60U, 61U, 1514U}) {
    pcapng::Buffer buffer;
    pcapng::append_packet(buffer, 0, moment(), as_bytes(pattern(size)));
    EXPECT_EQ(buffer.size(), pcapng::packet_size(size));
  }
}

}  // namespace
}  // namespace limpid::tool
