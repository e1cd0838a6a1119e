#include "tls_proxy/certificate/profile.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::ca_spec;
using testing::CertificateSpec;
using testing::Credential;
using testing::make_certificate;
using testing::TestKey;

class ProfileTest : public ::testing::Test {
 protected:
  static Defects check(const std::vector<const Credential*>& path, const ProfileLimits& limits = {}) {
    STACK_OF(X509)* stack = sk_X509_new_null();
    for (const Credential* each : path) sk_X509_push(stack, each->certificate.get());
    Defects defects;
    check_profile(stack, limits, defects);
    sk_X509_free(stack);
    return defects;
  }
  Defects check_leaf(const CertificateSpec& spec) const {
    const Credential leaf = make_certificate(spec, &root_);
    return check({&leaf, &root_});
  }
  Defects check_authority(const CertificateSpec& spec) const {
    const Credential authority = make_certificate(spec, &root_);
    const Credential leaf = make_certificate({}, &authority);
    return check({&leaf, &authority, &root_});
  }

  Credential root_ = make_certificate(ca_spec("Root"));
};

TEST_F(ProfileTest, FindsNothingInAnOrdinaryPath) {
  const Credential authority = make_certificate(ca_spec("Authority"), &root_);
  const Credential leaf = make_certificate({}, &authority);
  EXPECT_TRUE(check({&leaf, &authority, &root_}).none());
  EXPECT_TRUE(check({}).none());
}

TEST_F(ProfileTest, TheCommonNameSaysNothingElseThanTheAlternativeNames) {
  const auto malformed = [&](const std::string& common_name, const std::string& names) {
    return check_leaf({.common_name = common_name, .names = names}).outcome() == Outcome::kMalformed;
  };
  EXPECT_FALSE(malformed("a.example", "DNS:a.example,DNS:b.example"));
  EXPECT_TRUE(malformed("c.example", "DNS:a.example,DNS:b.example"));
  EXPECT_TRUE(malformed("A.example", "DNS:a.example"));
  EXPECT_FALSE(malformed("example", "DNS:a.example")) << "no host's name";
  EXPECT_FALSE(malformed("shop.example", "DNS:*.shop.example")) << "the domain of the names";
  EXPECT_FALSE(malformed("A web server", "DNS:a.example"));
  EXPECT_FALSE(malformed("192.0.2.1", "IP:192.0.2.1"));
  EXPECT_TRUE(malformed("192.0.2.001", "IP:192.0.2.1"));
  EXPECT_TRUE(malformed("0xC0000201", "IP:192.0.2.1"));
  EXPECT_TRUE(malformed("2001:DB8::1", "IP:2001:db8::1"));
  EXPECT_FALSE(malformed("2001:db8::1", "IP:2001:db8::1"));
}

TEST_F(ProfileTest, AnAlternativeNameIsAHostsName) {
  for (const char* name : {".a.example", "a_b.example", "a..example", "a.*.example", "*"}) {
    const Defects defects = check_leaf({.common_name = "", .names = std::string("DNS:") + name});
    EXPECT_EQ(defects.outcome(), Outcome::kMalformed) << name;
  }
  EXPECT_TRUE(check_leaf({.common_name = "", .names = "DNS:*.xn--bcher-kva.example"}).none());
}

TEST_F(ProfileTest, CriticalAlternativeNamesAreForThoseWithoutASubject) {
  EXPECT_EQ(check_leaf({.names = "critical,DNS:server.example"}).outcome(), Outcome::kMalformed);
  EXPECT_TRUE(check_leaf({.common_name = "", .names = "critical,DNS:server.example"}).none());
}

TEST_F(ProfileTest, AnEllipticCurveBelow256BitsIsWeakWhereverItIs) {
  EXPECT_EQ(check_leaf({.key = TestKey::kP224}).outcome(), Outcome::kWeak);
  CertificateSpec authority = ca_spec("Authority");
  authority.key = TestKey::kP224;
  EXPECT_EQ(check_authority(authority).outcome(), Outcome::kWeak);
  for (const TestKey strong : {TestKey::kP256, TestKey::kP384, TestKey::kEd25519})
    EXPECT_TRUE(check_leaf({.key = strong}).none());
}

TEST_F(ProfileTest, AnExtensionThatCannotBeReadIsNotPassedOver) {
  CertificateSpec spec;
  spec.further = {{NID_info_access, "DER:0400"}};
  EXPECT_EQ(check_leaf(spec).outcome(), Outcome::kMalformed);
}

TEST_F(ProfileTest, ACertificateOfACaIsNoServers) {
  CertificateSpec spec;
  spec.ca = true;
  EXPECT_EQ(check_leaf(spec).outcome(), Outcome::kMalformed);
  const Credential trusted_itself = make_certificate(spec);
  EXPECT_TRUE(check({&trusted_itself}).none()) << "which the operator trusts itself";
}

TEST_F(ProfileTest, NameConstraintsAreACasAndNameSomething) {
  CertificateSpec leaf;
  leaf.further = {{NID_name_constraints, "critical,permitted;DNS:example"}};
  EXPECT_EQ(check_leaf(leaf).outcome(), Outcome::kMalformed);
  const auto of_authority = [&](const std::string& constraints) {
    CertificateSpec spec = ca_spec("Authority");
    spec.further = {{NID_name_constraints, constraints}};
    return check_authority(spec).outcome();
  };
  EXPECT_EQ(of_authority("critical,permitted;DNS:example"), Outcome::kTrusted);
  EXPECT_EQ(of_authority("critical,permitted;DNS:.example"), Outcome::kMalformed);
  EXPECT_EQ(of_authority("critical,permitted;DNS:*.example"), Outcome::kMalformed);
  EXPECT_EQ(of_authority("critical,DER:3000"), Outcome::kMalformed);
}

TEST_F(ProfileTest, AWildcardMustNotIncludeWhatACaMayNotSpeakFor) {
  CertificateSpec spec = ca_spec("Authority");
  spec.further = {{NID_name_constraints, "critical,excluded;DNS:bank.example"}};
  const Credential authority = make_certificate(spec, &root_);
  const auto outcome = [&](const std::string& name) {
    const Credential leaf = make_certificate({.common_name = "", .names = "DNS:" + name}, &authority);
    return check({&leaf, &authority, &root_}).outcome();
  };
  EXPECT_EQ(outcome("*.example"), Outcome::kWrongUsage);
  EXPECT_EQ(outcome("*.shop.example"), Outcome::kTrusted);
  EXPECT_EQ(outcome("shop.example"), Outcome::kTrusted);
}

TEST_F(ProfileTest, MoreNamesThanAnybodyNeedsAreNotCompared) {
  std::string names = "DNS:*.a.example";
  for (int i = 0; i < 400; ++i) names += ",DNS:*.a" + std::to_string(i) + ".example";
  std::string excluded = "critical,excluded;DNS:b.example";
  for (int i = 0; i < 400; ++i) excluded += ",excluded;DNS:b" + std::to_string(i) + ".example";
  auto spec = ca_spec("Authority");
  spec.further = {{NID_name_constraints, excluded}};
  const Credential authority = make_certificate(spec, &root_);
  const Credential leaf = make_certificate({.names = names}, &authority);
  const Defects defects = check({&leaf, &authority, &root_});
  EXPECT_NE(defects.detail().find("too many names and name constraints"), std::string::npos)
      << defects.detail();
}

TEST_F(ProfileTest, PolicyConstraintsAreCritical) {
  CertificateSpec spec = ca_spec("Authority");
  spec.further = {{NID_policy_constraints, "requireExplicitPolicy:3"}};
  EXPECT_EQ(check_authority(spec).outcome(), Outcome::kMalformed);
  spec.further = {{NID_policy_constraints, "critical,requireExplicitPolicy:3"}};
  EXPECT_EQ(check_authority(spec).outcome(), Outcome::kTrusted);
}

TEST_F(ProfileTest, AnAuthorityKeyIdentifierIdentifiesTheKey) {
  CertificateSpec spec;
  spec.authority_key = false;
  spec.further = {{NID_authority_key_identifier, "DER:3000"}};
  EXPECT_EQ(check_leaf(spec).outcome(), Outcome::kMalformed);
}

TEST_F(ProfileTest, CountsIntermediatesButNotThoseThatACaIssuedToItself) {
  const Credential one = make_certificate(ca_spec("One"), &root_);
  const Credential two = make_certificate(ca_spec("Two"), &one);
  const Credential two_again = make_certificate(ca_spec("Two"), &two);
  const Credential leaf = make_certificate({}, &two_again);
  EXPECT_TRUE(check({&leaf, &two_again, &two, &one, &root_}, {.intermediates_max = 2}).none());
  EXPECT_EQ(check({&leaf, &two_again, &two, &one, &root_}, {.intermediates_max = 1}).outcome(),
            Outcome::kOther);
}

}  // namespace
}  // namespace limpid::certificate
