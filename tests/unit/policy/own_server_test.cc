#include "policy/own_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpid::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

FlowFacts to(const std::string& server) {
  return {.client = *SocketAddress::parse("10.0.0.1:50000"), .server = *SocketAddress::parse(server)};
}

std::vector<OwnServer> usual() {
  return {{.name = "shop", .sni = {"shop.example", "*.shop.example"}},
          {.name = "mail", .servers = {*IpPrefix::parse("192.0.2.0/25")}, .ports = {{993, 995}}},
          {.name = "both", .servers = {*IpPrefix::parse("198.51.100.7/32")}, .sni = {"both.example"}}};
}

TEST(OwnServers, AreFoundByNameAddressAndPortAllOfWhichMustHold) {
  const std::vector<OwnServer> servers = usual();
  EXPECT_THAT(own_servers_of(servers, to("203.0.113.1:443"), "WWW.Shop.Example."), ElementsAre(0));
  EXPECT_THAT(own_servers_of(servers, to("203.0.113.1:443"), ""), IsEmpty()) << "a name is asked for";
  EXPECT_THAT(own_servers_of(servers, to("192.0.2.9:994"), ""), ElementsAre(1));
  EXPECT_THAT(own_servers_of(servers, to("192.0.2.9:996"), ""), IsEmpty());
  EXPECT_THAT(own_servers_of(servers, to("192.0.2.200:994"), ""), IsEmpty());
  EXPECT_THAT(own_servers_of(servers, to("192.0.2.9:993"), "shop.example"), ElementsAre(0, 1));
  EXPECT_THAT(own_servers_of(servers, to("198.51.100.7:443"), "both.example"), ElementsAre(2));
  EXPECT_THAT(own_servers_of(servers, to("198.51.100.8:443"), "both.example"), IsEmpty());
}

TEST(OwnServers, WithoutConditionsMayBeAnywhereAndAreExpectedNowhere) {
  const std::vector<OwnServer> servers{{.name = "shop"}};
  EXPECT_THAT(own_servers_of(servers, to("203.0.113.1:443"), ""), ElementsAre(0));
  EXPECT_FALSE(servers[0].is_expected());
  EXPECT_TRUE(usual()[1].is_expected());
}

std::string said(Direction direction, const std::vector<OwnServer>& servers, std::string_view sni) {
  const KeysInWords words = explain_keys(direction, servers, to("203.0.113.1:443"), sni);
  std::string keys;
  for (const std::string& key : words.keys) keys += " " + key;
  return words.direction + keys + ": " + words.why;
}

TEST(OwnServers, ExplainWhoseKeyASessionWillShow) {
  EXPECT_EQ(said(Direction::kAny, usual(), "shop.example"),
            "inbound shop: with the key whose certificate the server presents; otherwise as "
            "changed_certificate says");
  EXPECT_EQ(said(Direction::kAny, usual(), ""), "outbound: no entry of tls.inbound is for this server");
  EXPECT_EQ(said(Direction::kOutbound, usual(), "shop.example"), "outbound: the rule says so");
  EXPECT_EQ(said(Direction::kInbound, usual(), "shop.example"),
            "inbound shop: with the key whose certificate the server presents; otherwise refused");
  EXPECT_EQ(said(Direction::kInbound, usual(), ""),
            "inbound: no entry of tls.inbound is for this server: refused");
  EXPECT_EQ(said(Direction::kAny, {{.name = "a"}, {.name = "b"}}, ""),
            "any a b: with the key whose certificate the server presents; otherwise outbound");
}

}  // namespace
}  // namespace limpid::policy
