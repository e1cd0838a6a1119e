#include "tls_proxy/certificate/forge.h"

#include <gtest/gtest.h>

#include <set>

#include "dataplane/base/random.h"
#include "tests/support/pki.h"
#include "tls_proxy/certificate/verifier.h"

namespace limpid::certificate {
namespace {

using std::chrono::hours;
using testing::ca_spec;
using testing::CertificateSpec;
using testing::chain_of;
using testing::Credential;
using testing::extension_text;
using testing::kTestNow;
using testing::make_certificate;
using testing::name_text;
using testing::not_after;
using testing::not_before;
using testing::write_file;

const Verdict kTrustedVerdict{Outcome::kTrusted, ""};

class ForgeTest : public ::testing::Test {
 protected:
  ForgeTest()
      : trusted_(make_certificate(ca_spec("Trusted CA"))),
        untrusted_(make_certificate(ca_spec("Untrusted CA"))),
        origin_ca_(make_certificate(ca_spec("Origin CA"))),
        forge_(material(trusted_), random_, 4) {}

  std::shared_ptr<const SigningMaterial> material(const Credential& trusted) {
    const std::string folder = testing::make_folder();
    return *SigningMaterial::load({write_file(folder, "t.pem", trusted.certificate_pem()),
                                   write_file(folder, "t.key", trusted.key_pem()),
                                   write_file(folder, "u.pem", untrusted_.certificate_pem()),
                                   write_file(folder, "u.key", untrusted_.key_pem())},
                                  kTestNow);
  }

  std::shared_ptr<const ForgedCertificate> forge(const CertificateSpec& spec,
                                                 const Verdict& verdict = kTrustedVerdict,
                                                 KeyKind key = KeyKind::kP256) {
    const Credential leaf = make_certificate(spec, &origin_ca_);
    return *forge_.certificate_for(chain_of({&leaf}), verdict, key, kTestNow);
  }

  static bool signed_by(X509* certificate, const Credential& ca) {
    return X509_verify(certificate, ca.key.get()) == 1 &&
           X509_check_issued(ca.certificate.get(), certificate) == X509_V_OK;
  }

  SeededRandom random_{7};
  Credential trusted_;
  Credential untrusted_;
  Credential origin_ca_;
  Forge forge_;
};

TEST_F(ForgeTest, CopiesSubjectNamesAndUsages) {
  const auto forged = forge({.common_name = "shop.example",
                             .organisation = "Shop Ltd",
                             .names = "DNS:shop.example,DNS:*.shop.example,IP:192.0.2.7,IP:2001:db8::7",
                             .extended_key_usage = "serverAuth,clientAuth"});
  X509* leaf = forged->leaf.get();
  EXPECT_EQ(name_text(X509_get_subject_name(leaf)), "CN=shop.example,O=Shop Ltd");
  EXPECT_EQ(extension_text(leaf, NID_subject_alt_name),
            "DNS:shop.example, DNS:*.shop.example, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7");
  EXPECT_EQ(extension_text(leaf, NID_ext_key_usage),
            "TLS Web Server Authentication, TLS Web Client Authentication");
  EXPECT_EQ(extension_text(leaf, NID_basic_constraints), "CA:FALSE");
}

TEST_F(ForgeTest, ACriticalNameListStaysCritical) {
  const auto forged = forge({.common_name = "", .names = "critical,DNS:shop.example"});
  const int index = X509_get_ext_by_NID(forged->leaf.get(), NID_subject_alt_name, -1);
  ASSERT_GE(index, 0);
  EXPECT_EQ(X509_EXTENSION_get_critical(X509_get_ext(forged->leaf.get(), index)), 1);
}

TEST_F(ForgeTest, AServerWithACommonNameAloneIsGivenThatNameUnderTheUntrustedCa) {
  const auto names = [this](const std::string& common_name) {
    const auto forged = forge({.common_name = common_name, .names = ""}, {Outcome::kNameMismatch, ""});
    EXPECT_TRUE(signed_by(forged->leaf.get(), untrusted_));
    return extension_text(forged->leaf.get(), NID_subject_alt_name);
  };
  EXPECT_EQ(names("old.example"), "DNS:old.example");
  EXPECT_EQ(names("Old Printer"), "");
  EXPECT_EQ(names("192.0.2.7"), "IP Address:192.0.2.7");
}

// A name that was not checked, as the client sent none, is not one that the server has.
TEST_F(ForgeTest, UnderTheTrustedCaNobodyIsGivenANameThatHisCertificateDoesNotHave) {
  const Verdict unchecked{Outcome::kTrusted, "the client named no host, so the name was not checked"};
  for (const char* common_name : {"old.example", "192.0.2.7", "2001:db8::7"}) {
    const auto forged = forge({.common_name = common_name, .names = ""}, unchecked);
    EXPECT_TRUE(signed_by(forged->leaf.get(), trusted_));
    EXPECT_EQ(extension_text(forged->leaf.get(), NID_subject_alt_name), "") << common_name;
    EXPECT_EQ(name_text(X509_get_subject_name(forged->leaf.get())), std::string("CN=") + common_name)
        << "who looks at that alone sees what the server shows";
  }
}

TEST_F(ForgeTest, KeyUsageFitsTheForgedKeyNotTheServers) {
  EXPECT_EQ(extension_text(forge({})->leaf.get(), NID_key_usage), "Digital Signature");
  EXPECT_EQ(extension_text(forge({}, kTrustedVerdict, KeyKind::kRsa2048)->leaf.get(), NID_key_usage),
            "Digital Signature, Key Encipherment");
}

TEST_F(ForgeTest, TheKeyIsNeitherTheServersNorTheCas) {
  const Credential leaf = make_certificate({}, &origin_ca_);
  const auto forged = *forge_.certificate_for(chain_of({&leaf}), kTrustedVerdict, KeyKind::kP256, kTestNow);
  EXPECT_NE(EVP_PKEY_eq(forged->key, leaf.key.get()), 1);
  EXPECT_NE(EVP_PKEY_eq(forged->key, trusted_.key.get()), 1);
  EXPECT_EQ(X509_check_private_key(forged->leaf.get(), forged->key), 1);
}

TEST_F(ForgeTest, TheAuthorityKeyIdentifierIsTheCasSubjectKeyIdentifier) {
  const auto forged = forge({});
  const ASN1_OCTET_STRING* authority = X509_get0_authority_key_id(forged->leaf.get());
  ASSERT_NE(authority, nullptr);
  EXPECT_EQ(ASN1_OCTET_STRING_cmp(authority, X509_get0_subject_key_id(trusted_.certificate.get())), 0);
  EXPECT_NE(X509_get0_subject_key_id(forged->leaf.get()), nullptr);
}

TEST_F(ForgeTest, EverySerialIsFreshPositiveAndLong) {
  std::set<std::string> serials;
  for (int i = 0; i < 8; ++i) {
    const auto forged = forge({});
    EXPECT_TRUE(serials.insert(testing::serial_text(forged->leaf.get())).second);
    EXPECT_EQ(serials.begin()->size(), 32U);
    EXPECT_EQ(ASN1_STRING_type(X509_get0_serialNumber(forged->leaf.get())), V_ASN1_INTEGER);
  }
}

TEST_F(ForgeTest, DatesStayWithinTheServersTheCasAndTheLimit) {
  const auto short_one = forge({.from = -hours(3), .until = hours(5)});
  EXPECT_EQ(not_before(short_one->leaf.get()), kTestNow - hours(3));
  EXPECT_EQ(not_after(short_one->leaf.get()), kTestNow + hours(5));
  const auto long_one = forge({.until = hours(24 * 390)});
  EXPECT_EQ(not_after(long_one->leaf.get()), kTestNow + kForgedLifetimeMax);
}

TEST_F(ForgeTest, NeverLastsLongerThanBrowsersTakeFromItsFirstToItsLastDay) {
  const auto old_one = forge({.from = -hours(24 * 700), .until = hours(24 * 390)});
  EXPECT_EQ(not_after(old_one->leaf.get()), kTestNow + kForgedLifetimeMax);
  EXPECT_EQ(not_after(old_one->leaf.get()) - not_before(old_one->leaf.get()), kForgedPeriodMax);
  EXPECT_LT(not_before(old_one->leaf.get()), kTestNow - hours(24));  // slow clocks
  const auto ending = forge({.from = -hours(24 * 700), .until = hours(24)});
  EXPECT_EQ(not_after(ending->leaf.get()), kTestNow + hours(24));
  EXPECT_LE(not_after(ending->leaf.get()) - not_before(ending->leaf.get()), kForgedPeriodMax);
}

TEST_F(ForgeTest, StaysWithinADaysOldCasDates) {
  CertificateSpec spec = ca_spec("Young CA");
  spec.from = -hours(1);
  spec.until = hours(24 * 10);
  const Credential young = make_certificate(spec);
  Forge forge(material(young), random_, 4);
  const Credential leaf = make_certificate({}, &origin_ca_);
  const auto forged = *forge.certificate_for(chain_of({&leaf}), kTrustedVerdict, KeyKind::kP256, kTestNow);
  EXPECT_EQ(not_before(forged->leaf.get()), kTestNow - hours(1));
  EXPECT_EQ(not_after(forged->leaf.get()), kTestNow + hours(24 * 10));
}

TEST_F(ForgeTest, AnEndInTheYear9999IsCutToTheLimit) {
  CertificateSpec spec;
  spec.until_date = "99991231235959Z";
  EXPECT_EQ(not_after(forge(spec)->leaf.get()), kTestNow + kForgedLifetimeMax);
  spec.from = hours(24 * 365 * 200);  // not valid for two centuries yet: mirrored, and no longer than allowed
  const auto early = forge(spec, {Outcome::kNotYetValid, ""});
  EXPECT_EQ(not_before(early->leaf.get()), kTestNow + hours(24 * 365 * 200));
  EXPECT_EQ(not_after(early->leaf.get()) - not_before(early->leaf.get()), kForgedPeriodMax);
}

TEST_F(ForgeTest, ATrustedChainIsSignedByTheTrustedCa) {
  const auto forged = forge({});
  EXPECT_TRUE(signed_by(forged->leaf.get(), trusted_));
  EXPECT_EQ(forged->ca->certificate != nullptr &&
                X509_cmp(forged->ca->certificate.get(), trusted_.certificate.get()) == 0,
            true);
}

TEST_F(ForgeTest, NoOtherOutcomeIsEverSignedByTheTrustedCa) {
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    if (outcome == Outcome::kTrusted) continue;
    const auto forged = forge({}, {outcome, "a defect"});
    EXPECT_TRUE(signed_by(forged->leaf.get(), untrusted_)) << name(outcome);
    EXPECT_FALSE(signed_by(forged->leaf.get(), trusted_)) << name(outcome);
  }
}

TEST_F(ForgeTest, ADefectOfDatesIsMirrored) {
  const auto expired = forge({.from = -hours(48), .until = -hours(24)}, {Outcome::kExpired, ""});
  EXPECT_EQ(not_after(expired->leaf.get()), kTestNow - hours(24));
  const auto early = forge({.from = hours(24), .until = hours(48)}, {Outcome::kNotYetValid, ""});
  EXPECT_EQ(not_before(early->leaf.get()), kTestNow + hours(24));
  EXPECT_GT(not_after(early->leaf.get()), not_before(early->leaf.get()));
  const auto ancient = forge({.from = -hours(24 * 900), .until = -hours(24 * 800)}, {Outcome::kExpired, ""});
  EXPECT_EQ(not_after(ancient->leaf.get()), kTestNow - hours(24 * 800));
  EXPECT_LT(not_before(ancient->leaf.get()), not_after(ancient->leaf.get()));
}

TEST_F(ForgeTest, TheSameServerIsShownTheSameCertificateAgain) {
  const Credential leaf = make_certificate({}, &origin_ca_);
  const PresentedChain chain = chain_of({&leaf});
  const auto first = *forge_.certificate_for(chain, kTrustedVerdict, KeyKind::kP256, kTestNow);
  EXPECT_EQ(*forge_.certificate_for(chain, kTrustedVerdict, KeyKind::kP256, kTestNow + hours(1)), first);
  EXPECT_EQ(forge_.cache_hits(), 1U);
}

TEST_F(ForgeTest, ACachedCertificateServesNeitherAnotherVerdictNorAnotherKey) {
  const Credential leaf = make_certificate({}, &origin_ca_);
  const PresentedChain chain = chain_of({&leaf});
  const auto good = *forge_.certificate_for(chain, kTrustedVerdict, KeyKind::kP256, kTestNow);
  const auto bad = *forge_.certificate_for(chain, {Outcome::kNameMismatch, ""}, KeyKind::kP256, kTestNow);
  const auto rsa = *forge_.certificate_for(chain, kTrustedVerdict, KeyKind::kRsa2048, kTestNow);
  EXPECT_TRUE(signed_by(bad->leaf.get(), untrusted_));
  EXPECT_TRUE(signed_by(good->leaf.get(), trusted_));
  EXPECT_NE(rsa->key, good->key);
}

TEST_F(ForgeTest, AnExpiryThatIsMirroredIsNotForgedAnewForEachClient) {
  const Credential leaf = make_certificate({.from = -hours(48), .until = -hours(24)}, &origin_ca_);
  const PresentedChain chain = chain_of({&leaf});
  const Verdict expired{Outcome::kExpired, ""};
  const auto first = *forge_.certificate_for(chain, expired, KeyKind::kP256, kTestNow);
  EXPECT_EQ(*forge_.certificate_for(chain, expired, KeyKind::kP256, kTestNow + hours(24 * 365)), first);
}

TEST_F(ForgeTest, AnEndOfOurOwnChoosingMovesOnUnderTheUntrustedCaToo) {
  const Credential leaf = make_certificate({.until = hours(24 * 390)}, &origin_ca_);
  const PresentedChain chain = chain_of({&leaf});
  const Verdict unknown{Outcome::kUnknownIssuer, ""};
  const auto first = *forge_.certificate_for(chain, unknown, KeyKind::kP256, kTestNow);
  const WallTime later = kTestNow + kForgedLifetimeMax + hours(1);
  const auto second = *forge_.certificate_for(chain, unknown, KeyKind::kP256, later);
  EXPECT_GT(not_after(second->leaf.get()), later);
}

TEST_F(ForgeTest, TheCacheIsBoundedByWhatServersSend) {
  CertificateSpec huge;
  huge.names = "DNS:a.example";
  for (int i = 0; i < 1'000; ++i) huge.names += ",DNS:name-number-" + std::to_string(i) + ".example";
  const Credential first = make_certificate(huge, &origin_ca_);
  const Credential second = make_certificate(huge, &origin_ca_);
  const auto forged = *forge_.certificate_for(chain_of({&first}), kTrustedVerdict, KeyKind::kP256, kTestNow);
  EXPECT_NE(*forge_.certificate_for(chain_of({&second}), kTrustedVerdict, KeyKind::kP256, kTestNow), nullptr);
  EXPECT_NE(*forge_.certificate_for(chain_of({&first}), kTrustedVerdict, KeyKind::kP256, kTestNow), forged);
  EXPECT_EQ(forge_.cache_hits(), 0U);
}

TEST_F(ForgeTest, WithoutAnUntrustedCaADefectIsRefused) {
  const std::string folder = testing::make_folder();
  const auto trusted_alone = *SigningMaterial::load({write_file(folder, "t.pem", trusted_.certificate_pem()),
                                                     write_file(folder, "t.key", trusted_.key_pem()), "", ""},
                                                    kTestNow);
  Forge forge(trusted_alone, random_, 4);
  const Credential leaf = make_certificate({}, &origin_ca_);
  for (std::size_t i = 1; i < kOutcomes; ++i) {
    const auto forged =
        forge.certificate_for(chain_of({&leaf}), {static_cast<Outcome>(i), ""}, KeyKind::kP256, kTestNow);
    ASSERT_FALSE(forged.ok());
    EXPECT_EQ(forged.error(), Reason::server_certificate_refused);
  }
}

TEST_F(ForgeTest, WhatIsStillShownOutlivesTheForge) {
  std::shared_ptr<const ForgedCertificate> forged;
  {
    Forge short_lived(material(trusted_), random_, 4);
    const Credential leaf = make_certificate({}, &origin_ca_);
    forged = *short_lived.certificate_for(chain_of({&leaf}), kTrustedVerdict, KeyKind::kP256, kTestNow);
  }
  EXPECT_EQ(X509_check_private_key(forged->leaf.get(), forged->key), 1);
  EXPECT_EQ(X509_verify(forged->leaf.get(), X509_get0_pubkey(forged->ca->certificate.get())), 1);
}

TEST_F(ForgeTest, ACarefulClientThatTrustsTheCaAcceptsIt) {
  Verifier client(*TrustStore::load(write_file(testing::make_folder(), "ca.pem", trusted_.certificate_pem())),
                  {.verdicts_max = 4});
  const IpAddress server = *IpAddress::parse("192.0.2.1");
  for (const KeyKind key : {KeyKind::kP256, KeyKind::kRsa2048}) {
    const auto good = forge({}, kTrustedVerdict, key);
    const auto chain_shown = [](const ForgedCertificate& forged) {
      std::vector<openssl::X509Ptr> shown;
      shown.push_back(openssl::share(forged.leaf.get()));
      shown.push_back(openssl::share(forged.ca->certificate.get()));
      return PresentedChain::of(std::move(shown));
    };
    EXPECT_EQ(client.verify(chain_shown(*good), "server.example", server, kTestNow),
              (Verdict{Outcome::kTrusted, ""}));
    EXPECT_EQ(client.verify(chain_shown(*good), "other.example", server, kTestNow).outcome,
              Outcome::kNameMismatch);
    const auto bad = forge({}, {Outcome::kBadSignature, ""}, key);
    EXPECT_EQ(client.verify(chain_shown(*bad), "server.example", server, kTestNow).outcome,
              Outcome::kUnknownIssuer);
  }
}

TEST_F(ForgeTest, ACachedCertificateIsReplacedWhenItHasExpired) {
  const Credential leaf = make_certificate({.until = hours(24 * 390)}, &origin_ca_);
  const PresentedChain chain = chain_of({&leaf});
  const auto first = *forge_.certificate_for(chain, kTrustedVerdict, KeyKind::kP256, kTestNow);
  const WallTime later = kTestNow + kForgedLifetimeMax + hours(1);
  const auto second = *forge_.certificate_for(chain, kTrustedVerdict, KeyKind::kP256, later);
  EXPECT_NE(first, second);
  EXPECT_GT(not_after(second->leaf.get()), later);
}

TEST_F(ForgeTest, NothingOfTheServersIssuerIsCopied) {
  CertificateSpec spec;
  spec.further = {{NID_info_access, "OCSP;URI:http://ocsp.origin.example"},
                  {NID_crl_distribution_points, "URI:http://crl.origin.example/a.crl"},
                  {NID_ct_precert_scts, "DER:04020000"},
                  {NID_tlsfeature, "status_request"},
                  {NID_certificate_policies, "2.23.140.1.1"}};
  const Credential original = make_certificate(spec, &origin_ca_);
  for (const auto& [nid, value] : spec.further) {
    ASSERT_GE(X509_get_ext_by_NID(original.certificate.get(), nid, -1), 0) << value;
  }
  const auto forged =
      *forge_.certificate_for(chain_of({&original}), kTrustedVerdict, KeyKind::kP256, kTestNow);
  EXPECT_EQ(X509_get_ext_by_NID(forged->leaf.get(), NID_tlsfeature, -1), -1);
  EXPECT_EQ(X509_get_ext_by_NID(forged->leaf.get(), NID_certificate_policies, -1), -1);
  EXPECT_EQ(extension_text(forged->leaf.get(), NID_info_access), "");
  EXPECT_EQ(extension_text(forged->leaf.get(), NID_crl_distribution_points), "");
  EXPECT_EQ(extension_text(forged->leaf.get(), NID_ct_precert_scts), "");
}

TEST_F(ForgeTest, AnEd25519CaSignsToo) {
  CertificateSpec spec = ca_spec("Ed25519 CA");
  spec.key = testing::TestKey::kEd25519;
  spec.digest = nullptr;
  const Credential ca = make_certificate(spec);
  Forge forge(material(ca), random_, 4);
  const Credential leaf = make_certificate({}, &origin_ca_);
  const auto forged = forge.certificate_for(chain_of({&leaf}), kTrustedVerdict, KeyKind::kP256, kTestNow);
  ASSERT_TRUE(forged.ok());
  EXPECT_TRUE(signed_by((*forged)->leaf.get(), ca));
}

}  // namespace
}  // namespace limpid::certificate
