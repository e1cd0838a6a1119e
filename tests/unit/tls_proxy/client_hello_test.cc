#include "tls_proxy/client_hello.h"

#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/tls_peer.h"

namespace limpid::testing {
namespace {

using tls::ClientHello;
using tls::FirstBytes;

std::string u8(std::size_t value) { return {static_cast<char>(value)}; }
std::string u16(std::size_t value) { return u8(value >> 8U) + u8(value & 0xffU); }
std::string u24(std::size_t value) { return u8(value >> 16U) + u16(value & 0xffffU); }
std::string vector8(const std::string& body) { return u8(body.size()) + body; }
std::string vector16(const std::string& body) { return u16(body.size()) + body; }
std::string extension(std::size_t type, const std::string& body) { return u16(type) + vector16(body); }
std::string server_name(const std::string& name) { return extension(0, vector16(u8(0) + vector16(name))); }

/// A ClientHello message with these extensions.
std::string message(const std::string& extensions) {
  const std::string body = u16(0x0303) + std::string(32, 'r') + vector8("session") +
                           vector16(u16(0x1301) + u16(0xc02b)) + vector8(u8(0)) + vector16(extensions);
  return u8(1) + u24(body.size()) + body;
}
/// The message in records of at most `size` bytes.
std::string records(const std::string& text, std::size_t size = 16'384) {
  std::string all;
  for (std::size_t at = 0; at < text.size(); at += size) {
    all += u8(22) + u16(0x0301) + vector16(text.substr(at, size));
  }
  return all;
}

FirstBytes judge(const std::string& bytes) {
  ClientHello hello;
  return tls::parse_first_bytes(as_bytes(bytes), hello);
}
ClientHello parsed(const std::string& bytes) {
  ClientHello hello;
  EXPECT_EQ(tls::parse_first_bytes(as_bytes(bytes), hello), FirstBytes::kComplete);
  return hello;
}

// --- What a hello offers --------------------------------------------------------------------------------

TEST(ClientHello, HoldsWhatARealClientOffers) {
  TlsPeer client = TlsPeer::client({.alpn = {"h2", "http/1.1"}, .sni = "shop.example"});
  const ClientHello hello = parsed(client.first_flight());
  EXPECT_EQ(hello.sni, "shop.example");
  EXPECT_EQ(hello.alpn, (std::vector<std::string>{"h2", "http/1.1"}));
  EXPECT_EQ(hello.versions, (std::vector<std::uint16_t>{tls::kTls13, tls::kTls12}));
  EXPECT_EQ(hello.key_shares, (std::vector<std::uint16_t>{0x11ec, 29}));
  EXPECT_EQ(hello.version_max(), tls::kTls13);
  EXPECT_TRUE(hello.offers(tls::kTls12));
  EXPECT_FALSE(hello.offers(tls::kTls11));
  EXPECT_FALSE(hello.groups.empty());
  EXPECT_FALSE(hello.signatures.empty());
  EXPECT_EQ(hello.session_id.size(), 32U);
  EXPECT_FALSE(hello.encrypted_client_hello || hello.early_data || hello.pre_shared_key);
}

TEST(ClientHello, WithoutSupportedVersionsOffersUpToItsLegacyVersion) {
  const ClientHello hello = parsed(records(message("")));
  EXPECT_TRUE(hello.offers(tls::kTls12));
  EXPECT_TRUE(hello.offers(tls::kTls10));
  EXPECT_FALSE(hello.offers(tls::kTls13));
}

TEST(ClientHello, ToleratesGrease) {
  const std::string grease =
      extension(0x3a3a, "") + extension(43, vector8(u16(0x7a7a) + u16(0x0304))) +
      extension(10, vector16(u16(0xfafa) + u16(29))) +
      extension(51, vector16(u16(0xfafa) + vector16("0") + u16(29) + vector16(std::string(32, 'k'))));
  const ClientHello hello = parsed(records(message(grease)));
  EXPECT_EQ(hello.version_max(), tls::kTls13);
  EXPECT_EQ(hello.key_shares.back(), 29);
  EXPECT_TRUE(tls::is_grease(hello.extensions.front()));
  EXPECT_FALSE(tls::is_grease(29));
}

TEST(ClientHello, NoticesEncryptedHelloEarlyDataAndPreSharedKey) {
  const ClientHello hello =
      parsed(records(message(extension(0xfe0d, "x") + extension(42, "") + extension(41, "x"))));
  EXPECT_TRUE(hello.encrypted_client_hello);
  EXPECT_TRUE(hello.early_data);
  EXPECT_TRUE(hello.pre_shared_key);
}

TEST(ClientHello, HoldsWhatItSaysOfSizesAndSecretsAndCertificates) {
  const ClientHello hello = parsed(records(message(
      extension(28, u16(0x4001)) + extension(1, std::string(1, 2)) + extension(23, "") +
      extension(5, std::string("\x01\0\0\0\0", 5)) + extension(27, vector8(u16(2) + u16(0x7777) + u16(1))))));
  EXPECT_EQ(hello.record_size_limit, 0x4001);
  EXPECT_EQ(hello.max_fragment_length, 2);
  EXPECT_TRUE(hello.extended_master_secret);
  EXPECT_TRUE(hello.status_request);
  EXPECT_EQ(hello.compressions, (std::vector<std::uint16_t>{2, 0x7777, 1}));
}

TEST(ClientHello, LeavesOutSizesAndCompressionsThatNoServerCouldRead) {
  for (const std::string& body : {std::string(), std::string(1, 0), std::string(3, 0)}) {
    const ClientHello hello = parsed(records(message(extension(28, body) + extension(27, body + "x"))));
    EXPECT_EQ(hello.record_size_limit, 0) << body.size();
    EXPECT_TRUE(hello.compressions.empty()) << body.size();
  }
  EXPECT_EQ(parsed(records(message(extension(1, u16(2))))).max_fragment_length, 0);
}

TEST(ClientHello, FindsTheNameBehindTensOfKilobytes) {
  const std::string long_one =
      extension(21, std::string(30'000, 0)) + extension(0x5555, std::string(30'000, 1));
  EXPECT_EQ(parsed(records(message(long_one + server_name("far.example")))).sni, "far.example");
}

TEST(ClientHello, IsFoundWhereApplicationDataFollowsIt) {
  EXPECT_EQ(parsed(records(message(server_name("a.example"))) + "\x14\x03\x03").sni, "a.example");
}

// --- Splits ---------------------------------------------------------------------------------------------

TEST(ClientHello, NeedsMoreUntilItsLastByteWhateverTheRecords) {
  for (const std::size_t size : {1U, 2U, 5U, 100U, 16'384U}) {
    const std::string whole = records(message(server_name("split.example")), size);
    for (std::size_t have = 0; have < whole.size(); ++have) {
      ASSERT_EQ(judge(whole.substr(0, have)), FirstBytes::kNeedMore) << size << ", " << have;
    }
    EXPECT_EQ(parsed(whole).sni, "split.example");
  }
}

// --- What is not one ------------------------------------------------------------------------------------

TEST(FirstBytes, AreKnownNotToBeTlsFromTheFirstByteThatSaysSo) {
  EXPECT_EQ(judge(""), FirstBytes::kNeedMore);
  EXPECT_EQ(judge("G"), FirstBytes::kNotTls);
  EXPECT_EQ(judge("SSH-2.0"), FirstBytes::kNotTls);
  EXPECT_EQ(judge("\x16"), FirstBytes::kNeedMore);
  EXPECT_EQ(judge("\x16\x02"), FirstBytes::kNotTls);
  EXPECT_EQ(judge("\x16\x03\x05"), FirstBytes::kNotTls);
  EXPECT_EQ(judge("\x16\x03\x01\x50"), FirstBytes::kNotTls);
  EXPECT_EQ(judge(std::string("\x16\x03\x01\x00\x10\x02", 6)), FirstBytes::kNotTls);
  EXPECT_EQ(judge("\x17\x03\x03"), FirstBytes::kNotTls);
}

TEST(FirstBytes, OfSsl2AreCalledByTheirName) {
  EXPECT_EQ(judge(std::string("\x80\x2e\x01\x00\x02", 5)), FirstBytes::kSsl2);
  EXPECT_EQ(judge(std::string("\x80\x2e\x01\x03\x01", 5)), FirstBytes::kSsl2);
  EXPECT_EQ(judge("\x80\x2e"), FirstBytes::kNeedMore);
  EXPECT_EQ(judge("\x80\x2e\x04"), FirstBytes::kNotTls);
  EXPECT_EQ(judge(std::string("\x80\x2e\x01\x07\x01", 5)), FirstBytes::kNotTls);
}

TEST(FirstBytes, OfAHelloBeyondTheLimitAreTooLong) {
  EXPECT_EQ(judge(std::string("\x16\x03\x01\x40\x00\x01\x01\x00\x00", 9)), FirstBytes::kTooLong);
  const std::string largest = message(extension(21, std::string(65'535 - 4, 0)));
  EXPECT_LT(largest.size() - 80, tls::kClientHelloMax);
}

// Servers look only for repetitions of what they know: a hello that they take must not be unreadable here.
TEST(ClientHello, MayRepeatWhatNobodyReads) {
  const ClientHello hello = parsed(records(message(extension(0x1234, "a") + extension(0x1234, "b"))));
  EXPECT_EQ(hello.extensions, (std::vector<std::uint16_t>{0x1234}));
  EXPECT_EQ(judge(records(message(extension(42, "") + extension(42, "")))), FirstBytes::kMalformed);
}

// RFC 8446 §4.2.1: supported_versions alone counts where it is there.
TEST(ClientHello, NeedsNoLegacyVersionWhereItListsItsVersions) {
  std::string odd = message(extension(43, vector8(u16(tls::kTls13))));
  odd[4] = '\x7f';
  EXPECT_TRUE(parsed(records(odd)).offers(tls::kTls13));
  std::string without = message(server_name("a"));
  without[4] = '\x7f';
  EXPECT_EQ(judge(records(without)), FirstBytes::kMalformed);
}

TEST(FirstBytes, InMoreRecordsThanAnyClientMakesAreMalformed) {
  const std::string hello = message(extension(42, std::string(3'000, 'x')));
  EXPECT_EQ(judge(records(hello, 4)), FirstBytes::kComplete);
  EXPECT_EQ(judge(records(hello, 1)), FirstBytes::kMalformed);
  EXPECT_EQ(judge(records(hello, 1).substr(0, 6 * tls::kHelloRecordsMax)), FirstBytes::kNeedMore);
  EXPECT_EQ(judge(records(hello, 1).substr(0, 6 * tls::kHelloRecordsMax + 5)), FirstBytes::kMalformed)
      << "before the hello is complete";
}

TEST(FirstBytes, ThatContradictThemselvesAreMalformed) {
  const std::string good = message(server_name("a.example"));
  EXPECT_EQ(judge(records(good, 10).insert(15, "\x17")), FirstBytes::kMalformed) << "another record inside";
  EXPECT_EQ(judge(u8(22) + u16(0x0301) + u16(0)), FirstBytes::kMalformed) << "an empty record";
  EXPECT_EQ(judge(records(message(server_name("")))), FirstBytes::kMalformed);
  EXPECT_EQ(judge(records(message(server_name(std::string("a\0b", 3))))), FirstBytes::kMalformed);
  EXPECT_EQ(judge(records(message(server_name(std::string(256, 'a'))))), FirstBytes::kMalformed);
  EXPECT_EQ(judge(records(message(server_name("a") + server_name("b")))), FirstBytes::kMalformed)
      << "two names";
  EXPECT_EQ(judge(records(message(extension(16, vector16(u8(0)))))), FirstBytes::kMalformed);
  EXPECT_EQ(judge(records(message(extension(43, vector8("abc"))))), FirstBytes::kMalformed) << "odd size";
  EXPECT_EQ(judge(records(message("\x01"))), FirstBytes::kMalformed) << "half an extension";
}

TEST(FirstBytes, NeverCompleteAHelloThatWasCutShort) {
  const std::string good = message(server_name("a.example") + extension(16, vector16(vector8("h2"))));
  for (std::size_t cut = 1; cut + 4 < good.size(); ++cut) {
    std::string body = good.substr(4, good.size() - 4 - cut);
    EXPECT_NE(judge(records(u8(1) + u24(body.size()) + body)), FirstBytes::kNeedMore) << cut;
  }
}

TEST(VersionName, IsWhatPeopleSay) {
  EXPECT_EQ(tls::version_name(tls::kTls13), "TLS 1.3");
  EXPECT_EQ(tls::version_name(tls::kSsl3), "SSL 3.0");
  EXPECT_EQ(tls::version_name(0x7f1c), "0x7f1c");
  EXPECT_EQ(tls::version_name(0), "");
}

}  // namespace
}  // namespace limpid::testing
