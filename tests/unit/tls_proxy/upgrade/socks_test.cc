#include "tls_proxy/upgrade/socks.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

using namespace std::string_literals;

const std::string kMethods = "\x05\x02\x00\x02"s;
const std::string kRequest = "\x05\x01\x00\x03\x0cshop.example\x01\xbb"s;
const std::string kGranted = "\x05\x00\x00\x01\x00\x00\x00\x00\x01\xbb"s;

TEST(Socks4, IsUpgradedWhenTheRequestIsGranted) {
  Talk talk =
      Talk().client("\x04\x01\x01\xbb\xc0\x00\x02\x01me\0"s).server("\0\x5a\0\0\0\0\0\0"s).client(kHello);
  EXPECT_EQ(talk.outcome(), "upgraded");
  EXPECT_EQ(talk.target(), "192.0.2.1 443");
  EXPECT_EQ(talk.spoken(), "socks4");
}

TEST(Socks4, KnowsNames) {
  Talk talk = Talk().client("\x04\x01\x01\xbb\0\0\0\x01\0shop.example\0"s).server("\0\x5a\0\0\0\0\0\0"s);
  EXPECT_EQ(talk.outcome(), "upgraded");
  EXPECT_EQ(talk.target(), "shop.example 443");
}

TEST(Socks4, StaysPlainWhereItIsRefusedOrNoConnect) {
  EXPECT_EQ(Talk().client("\x04\x01\x01\xbb\xc0\x00\x02\x01\0"s).server("\0\x5b\0\0\0\0\0\0"s).outcome(),
            "never: upgrade_not_made");
  EXPECT_EQ(Talk().client("\x04\x02\x01\xbb\xc0\x00\x02\x01\0"s).outcome(), "never: upgrade_not_made");
}

TEST(Socks4, RefusesInjectionAndWhatIsTooLong) {
  EXPECT_EQ(Talk().client("\x04\x01\x01\xbb\xc0\x00\x02\x01\0x"s).outcome(), "violation: upgrade_pipelined");
  EXPECT_EQ(Talk().client("\x04\x01\x01\xbb\xc0\x00\x02\x01"s + std::string(300, 'x')).outcome(),
            "never: upgrade_too_long");
  EXPECT_EQ(Talk().client("\x04\x01"s).server("x").outcome(), "never: upgrade_malformed");
}

TEST(Socks5, IsUpgradedWhenTheRequestIsGranted) {
  Talk talk = Talk().client(kMethods).server("\5\0"s).client(kRequest).server(kGranted).client(kHello);
  EXPECT_EQ(talk.outcome(), "upgraded");
  EXPECT_EQ(talk.target(), "shop.example 443");
  EXPECT_EQ(talk.spoken(), "socks5");
}

TEST(Socks5, KnowsPasswordsAndAddresses) {
  Talk talk = Talk()
                  .client(kMethods)
                  .server("\5\2"s)
                  .client("\1\2me\6secret"s)
                  .server("\1\0"s)
                  .client("\5\1\0\1\xc0\0\2\1\1\xbb"s)
                  .server(kGranted);
  EXPECT_EQ(talk.outcome(), "upgraded");
  EXPECT_EQ(talk.target(), "192.0.2.1 443");
  Talk six = Talk()
                 .client("\5\1\0"s)
                 .server("\5\0"s)
                 .client("\5\1\0\4\x20\1\xd\xb8"s + std::string(11, '\0') + "\1\1\xbb")
                 .server(kGranted);
  EXPECT_EQ(six.outcome(), "upgraded");
  EXPECT_EQ(six.target(), "2001:db8::1 443");
}

TEST(Socks5, MayAskBeforeTheMethodIsChosen) {
  EXPECT_EQ(Talk().client(kMethods + kRequest).server("\5\0"s + kGranted).outcome(), "upgraded");
}

TEST(Socks5, StaysPlainWhereItIsRefusedOrNoConnect) {
  EXPECT_EQ(Talk().client(kMethods).server("\5\xff"s).outcome(), "never: upgrade_not_made");
  EXPECT_EQ(Talk().client(kMethods).server("\5\2"s).client("\1\1a\1b"s).server("\1\1"s).outcome(),
            "never: upgrade_not_made");
  EXPECT_EQ(
      Talk().client(kMethods).server("\5\0"s).client(kRequest).server("\5\5\0\1\0\0\0\0\0\0"s).outcome(),
      "never: upgrade_not_made");
  EXPECT_EQ(Talk().client(kMethods).client("\5\3\0\1\xc0\0\2\1\1\xbb"s).outcome(), "never: upgrade_not_made");
}

TEST(Socks5, RefusesInjectionAndWhatContradictsItself) {
  EXPECT_EQ(Talk().client(kMethods).server("\5\0"s).client(kRequest + "x").outcome(),
            "violation: upgrade_pipelined");
  EXPECT_EQ(Talk().client(kMethods + "\5\1\0\7\0"s).outcome(), "never: upgrade_malformed");
  EXPECT_EQ(Talk().client(kMethods).server("\5\0"s + kGranted).outcome(), "never: upgrade_malformed");
  EXPECT_EQ(Talk().client("\5"s).server("\5\0"s).outcome(), "never: upgrade_malformed");
}

}  // namespace
}  // namespace limpid::tls
