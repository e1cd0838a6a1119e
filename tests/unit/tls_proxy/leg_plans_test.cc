// What a server is offered for a client's hello. What a client is answered is shown by
// session_handshake_test.
#include "tls_proxy/leg_plans.h"

#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/memory_stream.h"
#include "tls_proxy/openssl/contexts.h"
#include "tls_proxy/openssl/engine.h"

namespace limpid::testing {
namespace {

using tls::ClientHello;

struct LegPlans : ::testing::Test {
  std::optional<openssl::ServerOffer> offer(const ClientHello& offered, policy::VersionRange allowed = {}) {
    return tls::offer_for(offered, {allowed, allowed}, contexts->ciphers());
  }
  /// The hello that the server is then sent.
  ClientHello sent(const openssl::ServerOffer& plan) {
    MemoryStream stream{Reason::server_reset};
    const auto engine = openssl::Engine::towards_server(*contexts, plan, stream);
    ClientHello made;
    if (!engine) return made;
    engine->handshake();
    EXPECT_EQ(tls::parse_first_bytes(as_bytes(stream.take()), made), tls::FirstBytes::kComplete);
    return made;
  }
  std::unique_ptr<openssl::Contexts> contexts = openssl::Contexts::open().value();
  ClientHello hello{.legacy_version = tls::kTls12,
                    .versions = {0x0a0a, tls::kTls13, tls::kTls12},
                    .cipher_suites = {0x3a3a, 0x1302, 0x1301, 0xc02b, 0x002f, 0x00ff},
                    .groups = {0x4a4a, 0x11ec, 29, 23},
                    .key_shares = {0x4a4a, 29},
                    .signatures = {0x0403, 0x0804, 0x7777},
                    .alpn = {"h2"},
                    .sni = "a.example"};
};

TEST_F(LegPlans, OfferTheServerWhatTheClientOfferedInTheClientsOrder) {
  const auto plan = offer(hello);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->version_max, tls::kTls13);
  EXPECT_EQ(plan->version_min, tls::kTls12);
  EXPECT_EQ(plan->suites, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(plan->ciphers, "ECDHE-ECDSA-AES128-GCM-SHA256:AES128-SHA");
  EXPECT_EQ(plan->groups, "?X25519MLKEM768:?*x25519:?secp256r1");
  EXPECT_EQ(plan->signatures, "?ecdsa_secp256r1_sha256:?rsa_pss_rsae_sha256");
  EXPECT_EQ(plan->alpn, "\x02h2");
  EXPECT_EQ(plan->sni, "a.example");
  EXPECT_FALSE(plan->fallback);
}

// The library takes no list with more shares than four, and would offer groups of its own.
TEST_F(LegPlans, OfferTheClientsGroupsWhereItHasMoreKeySharesThanTheLibrarySends) {
  hello.groups = {0x4a4a, 25, 29, 0x11ec, 24, 256, 23};
  hello.key_shares = {0x4a4a, 0x11ec, 29, 23, 24, 25};
  const auto plan = offer(hello);
  EXPECT_EQ(plan->groups, "?*secp521r1:?*x25519:?*X25519MLKEM768:?*secp384r1:?ffdhe2048:?secp256r1");
  const ClientHello made = sent(*plan);
  EXPECT_EQ(made.groups, (std::vector<std::uint16_t>{25, 29, 0x11ec, 24, 256, 23}));
  EXPECT_EQ(made.key_shares, (std::vector<std::uint16_t>{25, 29, 0x11ec, 24}));
}

TEST_F(LegPlans, OfferNoServerAGroupThatTheClientHasNot) {
  hello.groups = {29, 30, 23, 24, 25, 256, 257, 258, 259, 260};
  hello.key_shares = hello.groups;
  EXPECT_EQ(sent(*offer(hello)).groups, hello.groups);
  hello.groups = {23};
  EXPECT_EQ(sent(*offer(hello)).groups, hello.groups);
}

TEST_F(LegPlans, NameTheServerTheClientsSizesAndCompressionsAndNoneOfOurOwn) {
  const auto bare = offer(hello);
  EXPECT_TRUE(bare->compressions.empty());
  EXPECT_EQ(bare->record_size_limit, 0);
  EXPECT_EQ(bare->max_fragment_length, 0);
  EXPECT_FALSE(bare->extended_master_secret);
  EXPECT_FALSE(bare->staple);
  hello.compressions = {0x7777, 2, 1, 2};
  hello.record_size_limit = 1'000;
  hello.max_fragment_length = 4;
  hello.extended_master_secret = hello.status_request = true;
  const auto plan = offer(hello);
  EXPECT_EQ(plan->compressions, (std::vector<int>{2, 1}));
  EXPECT_EQ(plan->record_size_limit, 1'000);
  EXPECT_EQ(plan->max_fragment_length, 4);
  EXPECT_TRUE(plan->extended_master_secret);
  EXPECT_TRUE(plan->staple);
  hello.max_fragment_length = 5;
  EXPECT_EQ(offer(hello)->max_fragment_length, 0) << "no server knows that one";
}

// A hello of 64 KB may repeat itself thirty thousand times; what is made of it stays small.
TEST_F(LegPlans, TakeWhatIsRepeatedOnce) {
  const auto many = [](std::vector<std::uint16_t>& list) {
    const std::vector<std::uint16_t> once = list;
    for (int i = 0; i < 5'000; ++i) list.insert(list.end(), once.begin(), once.end());
  };
  const auto once = offer(hello);
  for (auto* list : {&hello.cipher_suites, &hello.groups, &hello.key_shares, &hello.signatures}) many(*list);
  const auto repeated = offer(hello);
  EXPECT_EQ(repeated->suites, once->suites);
  EXPECT_EQ(repeated->ciphers, once->ciphers);
  EXPECT_EQ(repeated->groups, once->groups);
  EXPECT_EQ(repeated->signatures, once->signatures);
}

TEST_F(LegPlans, StayWithinTheConfiguredVersions) {
  EXPECT_EQ(offer(hello, {tls::kTls12, tls::kTls12})->version_max, tls::kTls12);
  hello.versions = {tls::kTls11};
  EXPECT_FALSE(offer(hello));
  EXPECT_TRUE(offer(hello, {tls::kTls10, tls::kTls13}));
}

TEST_F(LegPlans, PassTheClientsFallbackSignalOn) {
  hello.cipher_suites.push_back(0x5600);
  EXPECT_TRUE(offer(hello)->fallback);
}

TEST_F(LegPlans, NeverOfferToGoWithoutEncryptionOrAuthentication) {
  hello.versions = {};
  hello.cipher_suites = {0x0001, 0x0002, 0xc010, 0x0018, 0xc02f};
  EXPECT_EQ(offer(hello)->ciphers, "ECDHE-RSA-AES128-GCM-SHA256");
}

}  // namespace
}  // namespace limpid::testing
