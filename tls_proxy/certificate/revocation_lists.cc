#include "tls_proxy/certificate/revocation_lists.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "tls_proxy/certificate/x509_values.h"

namespace limpid::certificate {

namespace {

/// RFC 5280 §5.2.3: each conforming list has a number, which is not critical.
bool has_usable_number(const X509_CRL* list) {
  const int index = X509_CRL_get_ext_by_NID(list, NID_crl_number, -1);
  return index >= 0 && X509_EXTENSION_get_critical(X509_CRL_get_ext(list, index)) == 0;
}

}  // namespace

std::optional<std::string> RevocationLists::refusal_of(const X509_CRL& list) {
  // The library takes a delta (RFC 5280 §5.2.4) for a whole list, and all that the base revokes for good.
  if (X509_CRL_get_ext_by_NID(&list, NID_delta_crl, -1) >= 0)
    return "the revocation list is a delta of another: the complete one is needed";
  if (has_usable_number(&list)) return std::nullopt;
  return "the revocation list has no number, or a critical one";
}

Result<bool, std::string> RevocationLists::add(openssl::CrlPtr list) {
  if (const auto why = refusal_of(*list)) return Failure{*why};
  by_issuer_[hash_of(X509_CRL_get_issuer(list.get()))].push_back(std::move(list));
  ++size_;
  return true;
}

std::vector<X509_CRL*> RevocationLists::of_issuer_of(const X509* certificate) const {
  std::vector<X509_CRL*> lists;
  const X509_NAME* issuer = X509_get_issuer_name(certificate);
  const auto found = by_issuer_.find(hash_of(issuer));
  if (found == by_issuer_.end()) return lists;
  for (const openssl::CrlPtr& each : found->second) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(each.get()), issuer) == 0) lists.push_back(each.get());
  }
  return lists;
}

openssl::CrlPtr read_revocation_list(std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  openssl::CrlPtr list(d2i_X509_CRL(nullptr, &at, static_cast<long>(bytes.size())));
  if (!list) {
    const openssl::BioPtr text(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    list.reset(PEM_read_bio_X509_CRL(text.get(), nullptr, nullptr, nullptr));
  }
  ERR_clear_error();
  return list;
}

Result<openssl::CrlPtr, std::string> read_signed_list(std::string_view bytes, const X509* issuer) {
  openssl::CrlPtr list = read_revocation_list(bytes);
  if (!list) return Failure{std::string("is no revocation list")};
  if (const auto why = RevocationLists::refusal_of(*list)) return Failure{*why};
  const bool is_signed = X509_CRL_verify(list.get(), X509_get0_pubkey(issuer)) == 1;
  ERR_clear_error();
  if (!is_signed)
    return Failure{std::string("the revocation list is not signed by the certificate's issuer")};
  return list;
}

}  // namespace limpid::certificate
