// What a mirror told, read back for the tests: frames out of a sink or a pcapng file, and the two byte
// streams that a reader of these frames would put together. Every frame is checked on the way.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/segment.h"
#include "dataplane/tool/mirror_story.h"
#include "dataplane/wire/packet_view.h"
#include "dataplane/wire/tcp_options.h"

namespace limpid::tool {

struct ToldFrame {
  std::vector<std::byte> bytes;
  WallTime when{};
};

inline ToldFrame told(Bytes frame, WallTime when) { return {{frame.begin(), frame.end()}, when}; }

class FrameList final : public FrameSink {
 public:
  void on_frame(Bytes frame, WallTime when) override { frames.push_back(told(frame, when)); }
  std::vector<ToldFrame> frames;
};

/// A reader in the middle that believes nothing: it wants every byte in order, acknowledged once it was sent
/// and never before.
class StreamReader {
 public:
  explicit StreamReader(SocketAddress client) : client_(client) {}

  void read(const std::vector<ToldFrame>& frames) {
    for (const ToldFrame& frame : frames) read(frame.bytes);
  }
  void read(Bytes frame) {
    const auto parsed = wire::parse(frame);
    ASSERT_TRUE(parsed.ok()) << name(parsed.error());
    const wire::PacketView& view = *parsed;
    EXPECT_TRUE(wire::checksums_valid(view));
    Side& from = sides_[view.source() == client_ ? 0 : 1];
    const Side& to = sides_[view.source() == client_ ? 1 : 0];
    vlans.push_back(view.ip.vlan);
    if ((view.flags & tcp::kSyn) != 0) {
      from.next = view.seq;
    }
    ASSERT_TRUE(from.next.has_value()) << "a segment before the SYN";
    if (view.seq != *from.next) ++gaps;
    if ((view.flags & tcp::kAck) != 0) {
      ASSERT_TRUE(to.next.has_value()) << "an acknowledgement of nothing";
      EXPECT_EQ(view.ack, *to.next) << "acknowledges other than what was sent";
    }
    from.stream += as_text(view.payload());
    from.next = view.seq + static_cast<std::uint32_t>(view.payload_size()) +
                ((view.flags & (tcp::kSyn | tcp::kFin)) != 0 ? 1U : 0U);
    from.fin = from.fin || (view.flags & tcp::kFin) != 0;
    from.rst = from.rst || (view.flags & tcp::kRst) != 0;
    largest_payload = std::max(largest_payload, view.payload_size());
  }

  const std::string& from_client() const { return sides_[0].stream; }
  const std::string& from_server() const { return sides_[1].stream; }
  bool client_fin() const { return sides_[0].fin; }
  bool server_fin() const { return sides_[1].fin; }
  bool client_rst() const { return sides_[0].rst; }
  bool server_rst() const { return sides_[1].rst; }

  int gaps = 0;
  std::size_t largest_payload = 0;
  std::vector<std::uint16_t> vlans;

 private:
  struct Side {
    std::optional<std::uint32_t> next;
    std::string stream;
    bool fin = false;
    bool rst = false;
  };
  SocketAddress client_;
  std::array<Side, 2> sides_;
};

inline FlowFacts v4_flow() {
  return {.client = *SocketAddress::parse("10.1.0.2:50000"),
          .server = *SocketAddress::parse("192.0.2.7:443")};
}
inline FlowFacts v6_flow() {
  return {.client = *SocketAddress::parse("[2001:db8::2]:50000"),
          .server = *SocketAddress::parse("[2001:db8:f::7]:443")};
}

/// A moment of the tests: 2026-11-20 12:00:00 UTC and some nanoseconds.
inline WallTime moment(std::int64_t after_ns = 0) {
  return WallTime(Duration(1'795'176'000'000'000'123 + after_ns));
}

inline std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

}  // namespace limpid::tool
