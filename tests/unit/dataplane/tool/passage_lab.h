// Passages through a bridge in memory: what the tests of InlineTool and ToolEnd share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/tool/inline_tool.h"
#include "tests/support/bridge_tool.h"

namespace limpid::tool {

using frames::Frame;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr Instant kStart{seconds(1'000)};
inline constexpr const char* kClient = "10.0.0.1:40000";
inline constexpr const char* kServer = "192.0.2.7:443";

inline frames::Tcp from_client() {
  return {.source = kClient,
          .destination = kServer,
          .vlans = {7},
          .ttl = 61,
          .source_mac = 0xc,
          .destination_mac = 0x5};
}
inline frames::Tcp from_server() {
  return {.source = kServer,
          .destination = kClient,
          .vlans = {7},
          .ttl = 55,
          .source_mac = 0x5,
          .destination_mac = 0xc};
}

inline std::string text_of(tcp::ByteStream& stream) {
  std::string text(stream.readable(), '\0');
  stream.copy_front({reinterpret_cast<std::byte*>(text.data()), text.size()});
  stream.consume(text.size());
  return text;
}

/// An inline tool with a bridge for the tool itself, in virtual time.
class PassageLab : public ::testing::Test {
 protected:
  explicit PassageLab(const InlineToolSettings& settings = {})
      : tool_(settings, pool_, random_, bridge_.side_a(), bridge_.side_b()) {
    const Frame client = frames::tcp(from_client());
    const Frame server = frames::tcp(from_server());
    client_headers_.learn(*wire::parse(client));
    server_headers_.learn(*wire::parse(server));
  }

  static FlowFacts flow_in(std::uint16_t segment) {
    return {.client = *SocketAddress::parse(kClient),
            .server = *SocketAddress::parse(kServer),
            .vlan = 7,
            .segment = segment};
  }
  std::unique_ptr<Passage> open(std::uint16_t segment = 0) { return open(flow_in(segment)); }
  std::unique_ptr<Passage> open(const FlowFacts& flow, const PortMap* ports = nullptr) {
    return tool_.open({.flow = flow,
                       .client = client_headers_,
                       .server = server_headers_,
                       .memory = chunks_,
                       .wake = [this] { ++wakes_; },
                       .ports = ports,
                       .from_client_side = from_client_side_},
                      now_);
  }
  std::unique_ptr<Passage> opened(std::uint16_t segment = 0) {
    auto passage = open(segment);
    settle(*passage);
    EXPECT_TRUE(passage->open());
    return passage;
  }
  void settle(Passage& passage) {
    passage.service(now_);
    while (bridge_.pass(tool_, pool_, now_)) passage.service(now_);
  }
  /// Time passes from deadline to deadline.
  void pass(Passage& passage, Duration time) {
    const Instant until = now_ + time;
    settle(passage);
    while (passage.deadline() <= until) {
      now_ = std::max(now_, passage.deadline());
      settle(passage);
    }
    now_ = until;
    settle(passage);
  }
  std::optional<wire::PacketView> last(ToolSide side) const {
    const auto& sent = bridge_.sent();
    const auto found =
        std::find_if(sent.rbegin(), sent.rend(), [side](const auto& one) { return one.first == side; });
    if (found == sent.rend()) return std::nullopt;
    const auto view = wire::parse(found->second);
    return view ? std::optional(*view) : std::nullopt;
  }

  Instant now_ = kStart;
  wire::MemoryPacketPool pool_;
  tcp::ChunkPool chunks_{4'096};
  SeededRandom random_{1};
  BridgeTool bridge_;
  InlineTool tool_;
  wire::HeaderTemplate client_headers_;
  wire::HeaderTemplate server_headers_;
  int wakes_ = 0;
  bool from_client_side_ = true;
};

}  // namespace limpid::tool
