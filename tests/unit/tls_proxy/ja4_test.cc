#include "tls_proxy/ja4.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/tls_proxy/tls_peer.h"

namespace limpid::tls {
namespace {

/// The example of the publication.
ClientHello published() {
  ClientHello hello;
  hello.legacy_version = kTls12;
  hello.versions = {kTls13, kTls12};
  hello.cipher_suites = {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9,
                         0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
  hello.extensions = {0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d,
                      0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015};
  hello.signatures = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};
  hello.alpn = {"h2", "http/1.1"};
  return hello;
}

std::string text_of(const ClientHello& hello) { return std::string(Ja4::of(hello).text()); }
std::string first_of(const ClientHello& hello) { return text_of(hello).substr(0, 10); }

std::string protocol_of(const std::string& first) {
  ClientHello hello = published();
  hello.alpn = {first, "h2"};
  return first_of(hello).substr(8);
}

TEST(Ja4, IsThatOfThePublishedExample) {
  EXPECT_EQ(text_of(published()), "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST(Ja4, IsTheSameInWhateverOrderExtensionsAndCiphersAreListed) {
  ClientHello hello = published();
  std::reverse(hello.extensions.begin(), hello.extensions.end());
  std::reverse(hello.cipher_suites.begin(), hello.cipher_suites.end());
  EXPECT_EQ(text_of(hello), text_of(published()));
  std::reverse(hello.signatures.begin(), hello.signatures.end());
  EXPECT_NE(text_of(hello), text_of(published())) << "their order says what the client prefers";
}

TEST(Ja4, OfANewcomerIsTheSameForAClientThatResumesASession) {
  ClientHello hello = published();
  hello.extensions.push_back(0x002a);
  hello.extensions.push_back(0x0029);
  EXPECT_NE(text_of(hello), text_of(published()));
  EXPECT_EQ(Ja4::of_newcomer(hello), Ja4::of(published()));
  EXPECT_EQ(Ja4::of_newcomer(published()), Ja4::of(published()));
}

TEST(Ja4, IgnoresGreaseWhereverItStands) {
  ClientHello hello = published();
  hello.versions.insert(hello.versions.begin(), 0xfafa);
  hello.cipher_suites.insert(hello.cipher_suites.begin(), 0x1a1a);
  hello.extensions.insert(hello.extensions.begin(), 0x2a2a);
  hello.extensions.push_back(0xdada);
  hello.signatures.push_back(0x3a3a);
  EXPECT_EQ(text_of(hello), text_of(published()));
}

TEST(Ja4, TellsAClientWithoutAServersNameByItsLetterAndCount) {
  ClientHello hello = published();
  std::erase(hello.extensions, 0);
  EXPECT_EQ(text_of(hello), "t13i1515h2_8daaf6152771_e5627efa2ab1");
}

TEST(Ja4, HasZeroesInPlaceOfAProtocolWhereNoneIsOffered) {
  ClientHello hello = published();
  std::erase(hello.extensions, 16);
  hello.alpn.clear();
  EXPECT_EQ(text_of(hello), "t13d151500_8daaf6152771_e5627efa2ab1");
}

TEST(Ja4, TakesTheFirstProtocolsFirstAndLastCharacters) {
  EXPECT_EQ(protocol_of("http/1.1"), "h1");
  EXPECT_EQ(protocol_of("h"), "hh");
  EXPECT_EQ(protocol_of("\xab"), "ab");
  EXPECT_EQ(protocol_of("\xab\xcd"), "ad");
  EXPECT_EQ(protocol_of("0\xab"), "3b");
  EXPECT_EQ(protocol_of("0\xab\xcd\x31"), "01");
}

TEST(Ja4, HasZeroesInPlaceOfHashesOfNothing) {
  ClientHello hello;
  hello.legacy_version = kTls10;
  EXPECT_EQ(text_of(hello), "t10i000000_000000000000_000000000000");
  hello.extensions = {0, 16};
  EXPECT_EQ(text_of(hello), "t10d000200_000000000000_000000000000") << "these are told by the first part";
}

TEST(Ja4, HashesExtensionsAloneWhereThereAreNoSignatureAlgorithms) {
  ClientHello hello = published();
  hello.signatures.clear();
  EXPECT_EQ(text_of(hello), "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

TEST(Ja4, NamesTheNewestVersionThatIsOffered) {
  ClientHello hello;
  hello.legacy_version = kTls12;
  EXPECT_EQ(first_of(hello).substr(1, 2), "12");
  hello.versions = {kTls11, kTls12};
  hello.legacy_version = kTls13;
  EXPECT_EQ(first_of(hello).substr(1, 2), "12") << "where versions are listed, the old field says nothing";
  hello.versions.clear();
  for (const auto& [version, shown] : {std::pair{kSsl3, "s3"}, {kTls10, "10"}, {kTls11, "11"}}) {
    hello.legacy_version = version;
    EXPECT_EQ(first_of(hello).substr(1, 2), shown);
  }
  hello.legacy_version = 0x0399;
  EXPECT_EQ(first_of(hello).substr(1, 2), "00");
}

TEST(Ja4, CountsNoFurtherThanTwoDigits) {
  ClientHello hello = published();
  for (std::uint16_t cipher = 0x4000; cipher < 0x4100; ++cipher) hello.cipher_suites.push_back(cipher);
  EXPECT_EQ(first_of(hello), "t13d9916h2");
}

TEST(Ja4, LooksAtNoMoreThanTheFirstValuesOfAHelloThatIsMadeToCostTime) {
  ClientHello hello = published();
  hello.cipher_suites.assign(512, 0x1301);
  const std::string shown = text_of(hello);
  hello.cipher_suites.insert(hello.cipher_suites.end(), 30'000, 0x1302);
  EXPECT_EQ(text_of(hello), shown);
  hello.cipher_suites[511] = 0x1302;
  EXPECT_NE(text_of(hello), shown);
}

TEST(Ja4, IsOneForOneKindOfRealClientAndAnotherForAnother) {
  const auto kind = [](const testing::PeerSettings& settings) {
    ClientHello hello;
    const std::string flight = testing::TlsPeer::client(settings).first_flight();
    EXPECT_EQ(parse_first_bytes(as_bytes(flight), hello), FirstBytes::kComplete);
    return text_of(hello);
  };
  EXPECT_EQ(kind({}), kind({}));
  EXPECT_EQ(kind({.sni = "a.example"}), kind({.sni = "b.example"}));
  EXPECT_NE(kind({}), kind({.version_max = TLS1_2_VERSION}));
  EXPECT_TRUE(kind({}).starts_with("t13d"));
}

TEST(Ja4, IsReadBackFromItsTextAndFromNoOther) {
  const Ja4 made = Ja4::of(published());
  EXPECT_EQ(Ja4::parse(made.text()), made);
  EXPECT_FALSE(made.empty());
  EXPECT_TRUE(Ja4().empty());
  EXPECT_EQ(Ja4().text(), "");
  for (const char* other : {"", "t13d1516h2", "t13d1516h2-8daaf6152771_e5627efa2ab1",
                            "t13d1516h2_8daaf6152771_e5627efa2ab", "t13d1516h2_8daaf615277\n_e5627efa2ab1"})
    EXPECT_EQ(Ja4::parse(other), std::nullopt) << other;
}

}  // namespace
}  // namespace limpid::tls
