#include "tls_proxy/certificate/list_sources.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::ca_spec;
using testing::CertificateSpec;
using testing::chain_of;
using testing::Credential;
using testing::make_certificate;

CertificateSpec with_list_at(CertificateSpec spec, const std::string& points) {
  spec.further.emplace_back(NID_crl_distribution_points, points);
  return spec;
}

class ListSourcesTest : public ::testing::Test {
 protected:
  std::vector<std::string> urls_of(const std::vector<const Credential*>& chain) const {
    std::vector<std::string> urls;
    for (const ListSource& each : list_sources(chain_of(chain).der(), *trust_)) {
      urls.push_back(each.url);
      EXPECT_NE(each.issuer, nullptr);
    }
    return urls;
  }

  Credential root_ = make_certificate(ca_spec("Root"));
  std::shared_ptr<const TrustStore> trust_ =
      *TrustStore::load(testing::write_file(testing::make_folder(), "root.pem", root_.certificate_pem()));
  Credential authority_ =
      make_certificate(with_list_at(ca_spec("Authority"), "URI:http://root.example/r.crl"), &root_);
};

TEST_F(ListSourcesTest, NamesTheListsOfEveryIssuerOfTheChain) {
  const Credential leaf =
      make_certificate(with_list_at({}, "URI:http://authority.example/a.crl"), &authority_);
  EXPECT_EQ(urls_of({&leaf, &authority_}),
            (std::vector<std::string>{"http://authority.example/a.crl", "http://root.example/r.crl"}));
}

TEST_F(ListSourcesTest, AsksForNothingThatAStrangerNames) {
  const Credential leaf = make_certificate({}, &root_);
  const Credential stranger =
      make_certificate(with_list_at(ca_spec("Stranger"), "URI:http://inside.example/x.crl"));
  const Credential of_stranger =
      make_certificate(with_list_at({}, "URI:http://inside.example/y.crl"), &stranger);
  EXPECT_TRUE(urls_of({&leaf, &of_stranger, &stranger}).empty());
}

TEST_F(ListSourcesTest, WhatCannotBeReadNamesNothing) {
  EXPECT_TRUE(list_sources({"nonsense"}, *trust_).empty());
  EXPECT_TRUE(list_sources({}, *trust_).empty());
}

TEST_F(ListSourcesTest, KnowsHttpAlone) {
  const Credential leaf =
      make_certificate(with_list_at({}, "URI:ldap://authority.example/cn=a,URI:file:///etc/passwd"), &root_);
  EXPECT_TRUE(urls_of({&leaf}).empty());
}

}  // namespace
}  // namespace limpid::certificate
