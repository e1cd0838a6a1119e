#include "tls_proxy/certificate/status_question.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include <string_view>
#include <vector>

namespace limpid::certificate {

namespace {

constexpr std::size_t kUrlMax = 1'024;

/// The first that is HTTP's.
std::string address_of_responder(X509* certificate) {
  STACK_OF(OPENSSL_STRING)* urls = X509_get1_ocsp(certificate);
  std::string found;
  for (int i = 0; found.empty() && i < sk_OPENSSL_STRING_num(urls); ++i) {
    const std::string_view url = sk_OPENSSL_STRING_value(urls, i);
    if (url.starts_with("http://") && url.size() <= kUrlMax) found = url;
  }
  X509_email_free(urls);
  return found;
}

/// DER; SHA-1 is what responders know certificates by (RFC 5019 §2.1.1).
std::vector<unsigned char> request_for(X509* certificate, X509* issuer) {
  const std::unique_ptr<OCSP_REQUEST, openssl::Freed<OCSP_REQUEST_free>> request(OCSP_REQUEST_new());
  OCSP_CERTID* about = OCSP_cert_to_id(EVP_sha1(), certificate, issuer);
  if (!request || about == nullptr || OCSP_request_add0_id(request.get(), about) == nullptr) {
    OCSP_CERTID_free(about);
    return {};
  }
  const int size = i2d_OCSP_REQUEST(request.get(), nullptr);
  if (size <= 0) return {};
  std::vector<unsigned char> bytes(static_cast<std::size_t>(size));
  unsigned char* at = bytes.data();
  i2d_OCSP_REQUEST(request.get(), &at);
  return bytes;
}

std::string in_a_path(const std::vector<unsigned char>& bytes) {
  std::string base64(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()), bytes.data(),
                                   static_cast<int>(bytes.size()));
  base64.resize(static_cast<std::size_t>(size));
  std::string path;
  for (const char c : base64) {
    switch (c) {
      case '+':
        path += "%2B";
        break;
      case '/':
        path += "%2F";
        break;
      case '=':
        path += "%3D";
        break;
      default:
        path += c;
    }
  }
  return path;
}

}  // namespace

std::string status_question(X509* certificate, X509* issuer) {
  std::string url = address_of_responder(certificate);
  const std::vector<unsigned char> request =
      url.empty() ? std::vector<unsigned char>() : request_for(certificate, issuer);
  ERR_clear_error();
  if (request.empty()) return {};
  if (url.back() != '/') url += '/';
  return url + in_a_path(request);
}

std::string responder_of(const std::string& question) {
  return question.substr(0, question.find('/', std::string_view("http://").size()));
}

}  // namespace limpid::certificate
