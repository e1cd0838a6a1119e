// What a server presented: its certificates, leaf first, with the fingerprints that the caches go by.
// Value with shared ownership of the X509 objects; made and used on one worker's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/bytes.h"
#include "tls_proxy/certificate/fingerprint.h"
#include "tls_proxy/certificate/subject_names.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

Fingerprint fingerprint_of(const X509* certificate);

SubjectNames subject_names(const X509* certificate);

/// Those of them (DER) that can be read.
std::vector<openssl::X509Ptr> parse_chain(const std::vector<std::string>& chain);

class PresentedChain {
 public:
  static constexpr std::size_t kStapleBytesMax = 16'384;

  PresentedChain() = default;
  /// From `SSL_get0_peer_cert_chain` on a client-role connection (leaf included). Empty chain where null.
  static PresentedChain of(const STACK_OF(X509) * chain);
  static PresentedChain of(std::vector<openssl::X509Ptr> leaf_first);

  bool empty() const { return certificates_.empty(); }
  X509* leaf() const { return certificates_.front().get(); }
  const std::vector<openssl::X509Ptr>& certificates() const { return certificates_; }
  const Fingerprint& leaf_fingerprint() const { return leaf_fingerprint_; }
  /// Over all certificates in their order: two chains with the same leaf differ.
  const Fingerprint& chain_fingerprint() const { return chain_fingerprint_; }
  /// Of the leaf; null where the chain is empty.
  const std::shared_ptr<const SubjectNames>& names() const { return names_; }
  std::vector<std::string> der() const;
  /// The OCSP response that came with them, DER; empty: none did.
  const std::string& staple() const { return staple_; }
  /// One that is longer than any issuer's is not kept.
  void set_staple(std::string response) {
    if (response.size() <= kStapleBytesMax) staple_ = std::move(response);
  }

 private:
  std::vector<openssl::X509Ptr> certificates_;
  Fingerprint leaf_fingerprint_{};
  Fingerprint chain_fingerprint_{};
  std::shared_ptr<const SubjectNames> names_;
  std::string staple_;
};

}  // namespace limpid::certificate
