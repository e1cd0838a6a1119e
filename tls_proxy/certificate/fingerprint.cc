#include "tls_proxy/certificate/fingerprint.h"

#include <openssl/sha.h>

#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

namespace {

/// Never given back: threads use it until the end.
const EVP_MD* algorithm() {
  static const EVP_MD* const kFetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kFetched;
}

}  // namespace

Fingerprint fingerprint_of(std::string_view bytes) {
  thread_local const std::unique_ptr<EVP_MD_CTX, openssl::Freed<EVP_MD_CTX_free>> kContext(EVP_MD_CTX_new());
  Fingerprint digest{};
  const bool made =
      EVP_DigestInit_ex2(kContext.get(), algorithm(), nullptr) == 1 &&
      EVP_DigestUpdate(kContext.get(), bytes.data(), bytes.size()) == 1 &&
      EVP_DigestFinal_ex(kContext.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1;
  if (!made) {
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(digest.data()));
  }
  return digest;
}

std::string hex(const Fingerprint& fingerprint) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : fingerprint) {
    text += kDigits[std::to_integer<std::size_t>(byte) >> 4U];
    text += kDigits[std::to_integer<std::size_t>(byte) & 15U];
  }
  return text;
}

}  // namespace limpid::certificate
