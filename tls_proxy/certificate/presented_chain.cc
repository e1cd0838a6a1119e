#include "tls_proxy/certificate/presented_chain.h"

#include <openssl/err.h>

#include <algorithm>

#include "dataplane/base/ascii.h"
#include "tls_proxy/certificate/x509_values.h"

namespace limpid::certificate {

Fingerprint fingerprint_of(const X509* certificate) {
  Fingerprint digest{};
  // OpenSSL keeps no SHA-256 of its own.
  X509_digest(certificate, EVP_sha256(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

SubjectNames subject_names(const X509* certificate) {
  SubjectNames found;
  found.subject = shown_text(printed(X509_get_subject_name(certificate)), SubjectNames::kBytesMax);
  const GeneralNamesPtr names = alternative_names(certificate);
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count && found.names.size() < SubjectNames::kNamesMax; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS)
      found.names.push_back(shown_text(text_of(name->d.dNSName), SubjectNames::kBytesMax));
  }
  ERR_clear_error();  // of one that cannot be read: the verifier complains of it
  return found;
}

std::vector<openssl::X509Ptr> parse_chain(const std::vector<std::string>& chain) {
  std::vector<openssl::X509Ptr> certificates;
  for (const std::string& der : chain) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    openssl::X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (certificate) certificates.push_back(std::move(certificate));
  }
  ERR_clear_error();
  return certificates;
}

PresentedChain PresentedChain::of(const STACK_OF(X509) * chain) {
  std::vector<openssl::X509Ptr> certificates;
  certificates.reserve(static_cast<std::size_t>(std::max(sk_X509_num(chain), 0)));
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    certificates.push_back(openssl::share(sk_X509_value(chain, i)));
  }
  return of(std::move(certificates));
}

PresentedChain PresentedChain::of(std::vector<openssl::X509Ptr> leaf_first) {
  PresentedChain chain;
  chain.certificates_ = std::move(leaf_first);
  std::vector<std::byte> digests;
  for (const openssl::X509Ptr& certificate : chain.certificates_) {
    const Fingerprint digest = fingerprint_of(certificate.get());
    digests.insert(digests.end(), digest.begin(), digest.end());
  }
  if (digests.empty()) return chain;
  std::memcpy(chain.leaf_fingerprint_.data(), digests.data(), chain.leaf_fingerprint_.size());
  chain.chain_fingerprint_ = fingerprint_of(as_text(digests));
  chain.names_ = std::make_shared<const SubjectNames>(subject_names(chain.leaf()));
  return chain;
}

std::vector<std::string> PresentedChain::der() const {
  std::vector<std::string> out;
  for (const openssl::X509Ptr& certificate : certificates_) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(certificate.get(), &bytes);
    if (size > 0) out.emplace_back(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
  }
  return out;
}

}  // namespace limpid::certificate
