#include "tls_proxy/certificate/status_question.h"

#include <gtest/gtest.h>
#include <openssl/ocsp.h>

#include <vector>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::ca_spec;
using testing::Credential;
using testing::make_certificate;

std::string question(const std::string& access) {
  const Credential issuer = make_certificate(ca_spec("Issuer"));
  testing::CertificateSpec spec;
  if (!access.empty()) spec.further = {{NID_info_access, access}};
  return status_question(make_certificate(spec, &issuer).certificate.get(), issuer.certificate.get());
}

TEST(StatusQuestion, IsTheRespondersAddressAndTheRequestBehindIt) {
  const std::string url = question("OCSP;URI:http://ocsp.example/a");
  const std::string begin = "http://ocsp.example/a/";
  ASSERT_TRUE(url.starts_with(begin)) << url;
  std::string base64;
  for (std::size_t i = begin.size(); i < url.size(); ++i) {
    if (url[i] != '%') {
      base64 += url[i];
      continue;
    }
    base64 += static_cast<char>(std::stoi(url.substr(i + 1, 2), nullptr, 16));
    i += 2;
  }
  EXPECT_EQ(url.find_first_of("+=", begin.size()), std::string::npos);
  std::vector<unsigned char> bytes(base64.size());
  const int size = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(base64.data()),
                                   static_cast<int>(base64.size()));
  ASSERT_GT(size, 0);
  const unsigned char* at = bytes.data();
  OCSP_REQUEST* request = d2i_OCSP_REQUEST(nullptr, &at, size);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(OCSP_request_onereq_count(request), 1);
  OCSP_REQUEST_free(request);
}

TEST(StatusQuestion, IsThereOnlyForRespondersThatSpeakPlainHttp) {
  EXPECT_EQ(question(""), "");
  EXPECT_EQ(question("OCSP;URI:https://ocsp.example/"), "");
  EXPECT_EQ(question("OCSP;URI:ldap://ocsp.example/"), "");
  EXPECT_EQ(question("caIssuers;URI:http://ocsp.example/"), "");
  EXPECT_EQ(question("OCSP;URI:http://ocsp.example/" + std::string(1'100, 'a')), "");
  EXPECT_NE(question("OCSP;URI:ldap://a.example/,OCSP;URI:http://ocsp.example"), "");
}

}  // namespace
}  // namespace limpid::certificate
