#include "dataplane/flow/handshake.h"

#include <gtest/gtest.h>

#include "dataplane/tcp/segment.h"
#include "tests/support/frames.h"

namespace limpid::flow {
namespace {

using std::chrono::milliseconds;

constexpr Instant kStart{std::chrono::seconds(9)};

wire::TcpOptions offer(std::optional<std::uint16_t> mss, std::optional<std::uint8_t> shift) {
  wire::TcpOptions options;
  options.mss = mss;
  options.window_scale = shift;
  return options;
}

struct HandshakeTest : testing::Test {
  /// Frames live as long as the test: views point into them.
  wire::PacketView view(const frames::Tcp& tcp) {
    kept.push_back(frames::tcp(tcp));
    return *wire::parse(kept.back());
  }
  static frames::Tcp from_client(std::uint32_t seq, unsigned flags) {
    return {.seq = 1000 + seq, .ack = flags == tcp::kSyn ? 0 : 5001U, .flags = flags, .window = 1000};
  }
  static frames::Tcp from_server(std::uint32_t seq, unsigned flags) {
    return {.source = "10.0.0.2:443",
            .destination = "10.0.0.1:40000",
            .seq = 5000 + seq,
            .ack = 1001,
            .flags = flags,
            .window = 2000};
  }
  Handshake shake(const wire::TcpOptions& client, const wire::TcpOptions& server) {
    Handshake handshake(view(from_client(0, tcp::kSyn)), client, kStart);
    EXPECT_TRUE(handshake.on_syn_ack(view(from_server(0, 18)), server, kStart + milliseconds(20)));
    EXPECT_TRUE(handshake.completes(view(from_client(1, 16))));
    handshake.on_complete(kStart + milliseconds(25));
    handshake.observe(true, view(from_client(1, 16)));
    return handshake;
  }
  std::vector<frames::Frame> kept;
};

TEST_F(HandshakeTest, EachLegGoesOnWithTheOtherSidesNumbers) {
  const Handshake handshake = shake(offer(1460, 7), offer(1200, 3));
  const tcp::Adoption client = handshake.adoption(tcp::Leg::kClient, 1400);
  EXPECT_EQ(client.snd_nxt, 5001U);
  EXPECT_EQ(client.rcv_nxt, 1001U);
  EXPECT_EQ(client.peer_window, 1000U << 7U);
  EXPECT_EQ(client.peer_window_shift, 7);
  EXPECT_EQ(client.our_window_shift, 3);
  EXPECT_EQ(client.our_window_announced, 2000U) << "a SYN's window is never scaled";
  EXPECT_EQ(client.mss, 1400);
  EXPECT_EQ(client.rtt, milliseconds(5));
  const tcp::Adoption server = handshake.adoption(tcp::Leg::kServer, 1400);
  EXPECT_EQ(server.snd_nxt, 1001U);
  EXPECT_EQ(server.rcv_nxt, 5001U);
  EXPECT_EQ(server.peer_window, 2000U);
  EXPECT_EQ(server.our_window_announced, 1000U << 7U);
  EXPECT_EQ(server.mss, 1200);
  EXPECT_EQ(server.rtt, milliseconds(20));
}

TEST_F(HandshakeTest, WhatOneSideDidNotOfferIsNotUsed) {
  wire::TcpOptions rich = offer({}, 7);
  rich.timestamps = wire::Timestamps{};
  rich.sack_permitted = true;
  const Handshake handshake = shake(rich, {});
  for (const tcp::Leg leg : {tcp::Leg::kClient, tcp::Leg::kServer}) {
    const tcp::Adoption adoption = handshake.adoption(leg, 1460);
    EXPECT_FALSE(adoption.sack || adoption.timestamps);
    EXPECT_EQ(adoption.peer_window_shift, 0);
    EXPECT_EQ(adoption.our_window_shift, 0);
    EXPECT_EQ(adoption.mss, 536) << "none was announced";
  }
}

TEST_F(HandshakeTest, AShiftBeyondFourteenCountsAsFourteen) {
  const Handshake handshake = shake(offer({}, 255), offer({}, 20));
  EXPECT_EQ(handshake.adoption(tcp::Leg::kClient, 1460).peer_window_shift, 14);
  EXPECT_EQ(handshake.adoption(tcp::Leg::kClient, 1460).our_window_shift, 14);
}

TEST_F(HandshakeTest, ARetransmittedSynMeasuresNothing) {
  Handshake handshake(view(from_client(0, tcp::kSyn)), {}, kStart);
  handshake.on_syn_again(view(from_client(0, tcp::kSyn)));
  handshake.on_syn_ack(view(from_server(0, 18)), {}, kStart + milliseconds(20));
  EXPECT_EQ(handshake.adoption(tcp::Leg::kServer, 1460).rtt, Duration{});
}

TEST_F(HandshakeTest, ASynAckThatAnswersAnotherSynIsNotItsOwn) {
  Handshake handshake(view(from_client(0, tcp::kSyn)), {}, kStart);
  frames::Tcp stray = from_server(0, 18);
  stray.ack += 1;
  EXPECT_FALSE(handshake.on_syn_ack(view(stray), {}, kStart));
}

TEST_F(HandshakeTest, BothClocksGoOnFromTheLatestSynThatWasLetPass) {
  const auto at = [](frames::Tcp segment, std::string_view value) {
    segment.options = frames::hex("0101 080a" + std::string(value) + "00000000");
    return segment;
  };
  wire::TcpOptions stamped;
  stamped.timestamps = wire::Timestamps{.value = 0x10, .echo = 0};
  Handshake handshake(view(at(from_client(0, tcp::kSyn), "00000010")), stamped, kStart);
  handshake.on_syn_again(view(at(from_client(0, tcp::kSyn), "00000410")));
  handshake.on_syn_ack(view(at(from_server(0, 18), "00000010")), stamped, kStart);
  frames::Tcp later = at(from_server(0, 18), "00000310");
  later.source_mac = 0x77;  // another router's
  handshake.on_syn_ack_again(view(later));
  handshake.on_syn_ack_again(view(at(from_server(0, 18), "00000210")));  // overtaken
  frames::Tcp stray = at(from_server(0, 18), "00000710");
  stray.ack += 1;
  handshake.on_syn_ack_again(view(stray));
  EXPECT_EQ(handshake.adoption(tcp::Leg::kClient, 1460).ts_value, 0x310U);
  EXPECT_EQ(handshake.adoption(tcp::Leg::kServer, 1460).ts_value, 0x410U);
}

TEST_F(HandshakeTest, OnlyWhatAcknowledgesTheServerCompletesIt) {
  Handshake handshake(view(from_client(0, tcp::kSyn)), {}, kStart);
  handshake.on_syn_ack(view(from_server(0, 18)), {}, kStart);
  frames::Tcp wrong = from_client(1, 16);
  wrong.ack += 5;
  EXPECT_FALSE(handshake.completes(view(wrong)));
  EXPECT_FALSE(handshake.completes(view(from_client(0, 16)))) << "from before its first byte";
  EXPECT_TRUE(handshake.completes(view(from_client(700, 16)))) << "what came before was lost";
}

TEST_F(HandshakeTest, TheMssLeavesRoomForTheHeaders) {
  EXPECT_EQ(mss_for(1500, false), 1460);
  EXPECT_EQ(mss_for(1500, true), 1440);
  EXPECT_EQ(mss_for(60, true), 88);
}

TEST_F(HandshakeTest, EcnIsAgreedWhereTheClientAskedAndTheServerSaidYes) {  // RFC 3168 §6.1.1
  constexpr unsigned kAsks = tcp::kSyn | tcp::kEce | tcp::kCwr;
  constexpr unsigned kAgrees = tcp::kSyn | tcp::kAck | tcp::kEce;
  const auto agreed = [&](unsigned syn, unsigned again, unsigned syn_ack, tcp::Leg leg) {
    Handshake handshake(view(from_client(0, syn)), {}, kStart);
    if (again != 0) handshake.on_syn_again(view(from_client(0, again)));
    handshake.on_syn_ack(view(from_server(0, syn_ack)), {}, kStart);
    return handshake.adoption(leg, 1460).ecn;
  };
  for (const tcp::Leg leg : {tcp::Leg::kClient, tcp::Leg::kServer}) {
    EXPECT_TRUE(agreed(kAsks, 0, kAgrees, leg));
    EXPECT_TRUE(agreed(kAsks, kAsks, kAgrees, leg));
    EXPECT_FALSE(agreed(kAsks, 0, tcp::kSyn | tcp::kAck, leg));
    EXPECT_FALSE(agreed(kAsks, 0, kAgrees | tcp::kCwr, leg)) << "a server that only reflects";
    EXPECT_FALSE(agreed(tcp::kSyn, 0, tcp::kSyn | tcp::kAck, leg));
  }
  EXPECT_FALSE(agreed(kAsks, tcp::kSyn, kAgrees, tcp::Leg::kClient)) << "§6.1.1.1: it has given up";
  EXPECT_TRUE(agreed(kAsks, tcp::kSyn, kAgrees, tcp::Leg::kServer)) << "but its server does not know";
}

}  // namespace
}  // namespace limpid::flow
