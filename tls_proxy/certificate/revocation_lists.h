// RevocationLists: certificate revocation lists (CRLs, RFC 5280 §5) by their issuers. What is not in the form
// that the rules ask for is refused when it is added; whether a list is signed by whom it says, is in time
// and is about a certificate, is looked at for each certificate. Filled once, and then for any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataplane/base/result.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

/// How much is asked about revocation.
enum class RevocationMode : std::uint8_t {
  kOff,
  kSoft,  // what is known to be revoked is refused
  kHard,  // and what is not known to be good
};

class RevocationLists {
 public:
  /// Why a list cannot be used whoever signed it, in words; nothing: it can.
  static std::optional<std::string> refusal_of(const X509_CRL& list);
  /// The error is a sentence.
  Result<bool, std::string> add(openssl::CrlPtr list);
  /// Those whose issuer bears the name of the certificate's issuer.
  std::vector<X509_CRL*> of_issuer_of(const X509* certificate) const;
  std::size_t size() const { return size_; }

 private:
  std::unordered_map<unsigned long, std::vector<openssl::CrlPtr>> by_issuer_;  // the library's hash of it
  std::size_t size_ = 0;
};

/// PEM or DER; null where it is neither.
openssl::CrlPtr read_revocation_list(std::string_view bytes);
/// One that can be used, and is signed by this issuer. The error is a sentence.
Result<openssl::CrlPtr, std::string> read_signed_list(std::string_view bytes, const X509* issuer);

}  // namespace limpid::certificate
