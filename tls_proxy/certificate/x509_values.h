// Small values out of the library's certificates: strings, addresses, extensions, a name and its hash. Pure.
#pragma once

#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>
#include <string>

#include "dataplane/base/address.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, openssl::Freed<GENERAL_NAMES_free>>;

/// Null where the certificate has none, or it cannot be read.
template <typename Owner>
Owner extension(const X509* certificate, int nid) {
  return Owner(static_cast<typename Owner::pointer>(X509_get_ext_d2i(certificate, nid, nullptr, nullptr)));
}
inline GeneralNamesPtr alternative_names(const X509* certificate) {
  return extension<GeneralNamesPtr>(certificate, NID_subject_alt_name);
}

/// Its bytes, whatever they are.
inline std::string text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

/// Nothing where it is as long as no address.
inline std::optional<IpAddress> address_of(const ASN1_OCTET_STRING* octets) {
  const std::string bytes = text_of(octets);
  if (bytes.size() == 4) return IpAddress::v4(as_bytes(bytes));
  if (bytes.size() == 16) return IpAddress::v6(as_bytes(bytes));
  return std::nullopt;
}

/// As RFC 2253 writes it: "CN=shop.example,O=Shop". Special characters escaped, but UTF-8 left as it is.
inline std::string printed(const X509_NAME* name) {
  const openssl::BioPtr out(BIO_new(BIO_s_mem()));
  if (X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

/// The library's, by which names are looked up; equal names have the same.
inline unsigned long hash_of(const X509_NAME* name) {
  return X509_NAME_hash_ex(name, nullptr, nullptr, nullptr);
}

}  // namespace limpid::certificate
