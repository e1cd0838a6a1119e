#include "dataplane/nic/unfinished_checksum.h"

#include <gtest/gtest.h>

#include "tests/support/wire_frames.h"

namespace limpid::nic {
namespace {

using frames::Frame;

/// What a sender leaves that counts on a device: the sum of the pseudo-header alone.
Frame unfinished(const frames::Tcp& values, std::uint8_t protocol, std::size_t field) {
  Frame frame = protocol == 6 ? frames::tcp(values) : frames::udp(values);
  Frame pseudo;
  const std::size_t header = values.source.front() == '[' ? 54 : 34;
  frames::put(pseudo, SocketAddress::parse(values.source)->ip.bytes());
  frames::put(pseudo, SocketAddress::parse(values.destination)->ip.bytes());
  frames::put(pseudo, protocol, 2);
  frames::put(pseudo, frame.size() - header, 2);
  const auto sum = static_cast<std::uint16_t>(~frames::slow_checksum(pseudo));
  frame[header + field] = static_cast<std::byte>(sum >> 8);
  frame[header + field + 1] = static_cast<std::byte>(sum);
  return frame;
}

TEST(UnfinishedChecksum, OfTcpOverIpv4IsCompleted) {
  const frames::Tcp values{.payload = "an odd number"};
  Frame frame = unfinished(values, 6, 16);
  ASSERT_NE(frame, frames::tcp(values)) << "the fixture must lack something";
  EXPECT_TRUE(finish_checksum(frame));
  EXPECT_EQ(frame, frames::tcp(values));
}

TEST(UnfinishedChecksum, OfTcpOverIpv6IsCompleted) {
  frames::Tcp values{.payload = "0123456789"};
  values.source = "[2001:db8::1]:40000";
  values.destination = "[2001:db8::2]:443";
  Frame frame = unfinished(values, 6, 16);
  EXPECT_TRUE(finish_checksum(frame));
  EXPECT_EQ(frame, frames::tcp(values));
}

TEST(UnfinishedChecksum, OfUdpIsCompletedAndSumsToAllOnes) {
  const frames::Tcp values{.payload = "datagram"};
  Frame frame = unfinished(values, 17, 6);
  ASSERT_TRUE(finish_checksum(frame));
  Frame summed;
  frames::put(summed, SocketAddress::parse(values.source)->ip.bytes());
  frames::put(summed, SocketAddress::parse(values.destination)->ip.bytes());
  frames::put(summed, 17, 2);
  frames::put(summed, frame.size() - 34, 2);
  frames::put(summed, Bytes(frame).subspan(34));
  EXPECT_EQ(frames::slow_checksum(summed), 0);
}

TEST(UnfinishedChecksum, LeavesEverythingElseAlone) {
  for (const frames::NamedFrame& kind : frames::every_kind(1500)) {
    if (kind.name.starts_with("TCP") || kind.name == "UDP" || kind.name == "VLAN") continue;
    Frame frame = kind.frame;
    EXPECT_FALSE(finish_checksum(frame)) << kind.name;
    EXPECT_EQ(frame, kind.frame) << kind.name;
  }
}

}  // namespace
}  // namespace limpid::nic
