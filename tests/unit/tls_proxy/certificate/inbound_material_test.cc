#include "tls_proxy/certificate/inbound_material.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using limpid::testing::ca_spec;
using limpid::testing::Credential;
using limpid::testing::kTestNow;
using limpid::testing::make_certificate;
using limpid::testing::TestKey;
using limpid::testing::write_file;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class InboundMaterialTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    std::string path = write_file(folder_, name, text);
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    return path;
  }
  InboundFiles pem(const std::string& name, const Credential& server, const std::string& further = "") {
    return {.certificate = file(name + ".pem", server.certificate_pem() + further),
            .key = file(name + ".key", server.key_pem())};
  }
  static std::vector<std::string> sentences(const std::vector<InboundProblem>& problems) {
    std::vector<std::string> said;
    for (const InboundProblem& each : problems) {
      said.push_back(std::to_string(each.entry) + ": " +
                     each.sentence.substr(each.sentence.rfind('/', each.sentence.find(": ")) + 1));
    }
    return said;
  }
  static std::vector<std::string> problems(const std::vector<InboundFiles>& given) {
    const auto loaded = InboundMaterial::load(given, kTestNow);
    return loaded.ok() ? std::vector<std::string>{} : sentences(loaded.error());
  }
  static std::vector<std::string> warnings(const std::vector<InboundFiles>& given) {
    const auto loaded = InboundMaterial::load(given, kTestNow);
    EXPECT_TRUE(loaded.ok());
    return loaded.ok() ? sentences((*loaded)->warnings()) : std::vector<std::string>{};
  }

  std::string folder_ = limpid::testing::make_folder();
  Credential root_ = make_certificate(ca_spec("Root"));
  Credential shop_ = make_certificate({}, &root_);
  Credential rsa_ = make_certificate({.key = TestKey::kRsa2048}, &root_);
};

TEST_F(InboundMaterialTest, LoadsSeveralServersInAnyForm) {
  const InboundFiles encrypted{.certificate = file("e.pem", shop_.certificate_pem()),
                               .key = file("e.key", shop_.encrypted_key_pem("secret")),
                               .passphrase = "secret"};
  const InboundFiles bundle{.pkcs12 = file("b.p12", rsa_.pkcs12("other", {&root_})), .passphrase = "other"};
  const auto loaded =
      InboundMaterial::load({pem("shop", shop_, root_.certificate_pem()), encrypted, bundle}, kTestNow);
  ASSERT_TRUE(loaded.ok()) << loaded.error().front().sentence;
  EXPECT_THAT((*loaded)->warnings(), IsEmpty());
  const std::vector<OwnCertificate>& all = (*loaded)->certificates();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(X509_cmp(all[0].leaf.get(), shop_.certificate.get()), 0);
  EXPECT_EQ(all[0].chain.size(), 1U);
  EXPECT_EQ(all[1].chain.size(), 0U);
  EXPECT_EQ(X509_cmp(all[2].leaf.get(), rsa_.certificate.get()), 0);
  EXPECT_EQ(X509_cmp(all[2].chain.at(0).get(), root_.certificate.get()), 0);
}

TEST_F(InboundMaterialTest, LendsEachServersKeyForItsCertificate) {
  const auto loaded = InboundMaterial::load({pem("shop", shop_), pem("rsa", rsa_)}, kTestNow);
  ASSERT_TRUE(loaded.ok());
  const openssl::SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  for (const OwnCertificate& own : (*loaded)->certificates()) {
    const openssl::SslPtr connection(SSL_new(context.get()));
    SSL_use_certificate(connection.get(), own.leaf.get());
    EXPECT_TRUE((*loaded)->keys().lend(own.key, *connection));
  }
}

TEST_F(InboundMaterialTest, RefusesAKeyOfAnotherCertificate) {
  InboundFiles given = pem("shop", shop_);
  given.key = pem("rsa", rsa_).key;
  EXPECT_THAT(problems({given}), ElementsAre(HasSubstr("0: rsa.key: is not the key of ")));
}

TEST_F(InboundMaterialTest, SaysEveryProblemOfEveryServerAtOnce) {
  const InboundFiles locked{.certificate = file("l.pem", shop_.certificate_pem()),
                            .key = file("l.key", shop_.encrypted_key_pem("secret"))};
  InboundFiles wrong = locked;
  wrong.passphrase = "guess";
  const InboundFiles empty{.certificate = file("empty.pem", ""), .key = file("empty.key", "")};
  const InboundFiles bundle{.pkcs12 = file("b.p12", rsa_.pkcs12("other")), .passphrase = "wrong"};
  EXPECT_THAT(problems({locked, wrong, empty, bundle}),
              ElementsAre("0: l.key: the private key is encrypted",
                          "1: l.key: the passphrase does not open the private key",
                          "2: empty.pem: holds no certificate in PEM form",
                          "2: empty.key: holds no private key in PEM form",
                          "3: b.p12: the passphrase does not open it"));
}

TEST_F(InboundMaterialTest, FailsWithoutAWordOfItsOwnWhereAPathWasReportedBefore) {
  const auto loaded = InboundMaterial::load({{.key = pem("shop", shop_).key}}, kTestNow);
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error(), IsEmpty());
}

TEST_F(InboundMaterialTest, WarnsOfCertificatesThatClientsRefuseOrSoonWill) {
  const Credential expired = make_certificate({.until = -hours(1)}, &root_);
  const Credential ending = make_certificate({.until = hours(24)}, &root_);
  const Credential early = make_certificate({.from = hours(1)}, &root_);
  const Credential weak = make_certificate({.key = TestKey::kRsa1024}, &root_);
  EXPECT_THAT(
      warnings({pem("a", expired), pem("b", ending), pem("c", early), pem("d", weak), pem("e", shop_)}),
      ElementsAre(HasSubstr("0: a.pem: has expired on 2029-12-31"),
                  HasSubstr("1: b.pem: expires on 2030-01-02"), HasSubstr("2: c.pem: is not valid yet"),
                  HasSubstr("3: d.pem: its key is too weak")));
}

TEST_F(InboundMaterialTest, WarnsOfAChainInTheWrongOrder) {
  const std::string further = rsa_.certificate_pem() + root_.certificate_pem();
  EXPECT_THAT(warnings({pem("shop", shop_, further)}),
              ElementsAre("0: shop.pem: certificate 2 did not sign the one before it"));
}

TEST_F(InboundMaterialTest, WarnsOfAKeyThatEveryUserCanRead) {
  const InboundFiles given = pem("shop", shop_);
  std::filesystem::permissions(given.key, std::filesystem::perms(0644));
  EXPECT_THAT(warnings({given}), ElementsAre(HasSubstr("every user of this machine can read")));
}

}  // namespace
}  // namespace limpid::certificate
