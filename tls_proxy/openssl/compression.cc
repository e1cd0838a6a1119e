#include "tls_proxy/openssl/compression.h"

#include <openssl/comp.h>
#include <openssl/err.h>

namespace limpid::openssl {

namespace {

/// The releases that check a compressed message's claim against the limit of chains.
bool checks_sizes() {
  const unsigned long version = OpenSSL_version_num();
  constexpr unsigned long k355 = 0x30500050UL;
  constexpr unsigned long k360 = 0x30600000UL;
  constexpr unsigned long k361 = 0x30600010UL;
  return (version >= k355 && version < k360) || version >= k361;
}

std::vector<int> find_compressions() {
  std::vector<int> found;
  if (!checks_sizes()) return found;
  if (COMP_zlib_oneshot() != nullptr) found.push_back(TLSEXT_comp_cert_zlib);
  if (COMP_brotli_oneshot() != nullptr) found.push_back(TLSEXT_comp_cert_brotli);
  if (COMP_zstd_oneshot() != nullptr) found.push_back(TLSEXT_comp_cert_zstd);
  return found;
}

bool is_worth_it(const CompressedChain& chain) {
  return !chain.bytes.empty() && chain.bytes.size() <= chain.size - chain.size / 8;
}

}  // namespace

const std::vector<int>& certificate_compressions() {
  static const std::vector<int> kFound = find_compressions();
  return kFound;
}

std::string compression_name(int algorithm) {
  switch (algorithm) {
    case TLSEXT_comp_cert_zlib:
      return "zlib";
    case TLSEXT_comp_cert_brotli:
      return "brotli";
    case TLSEXT_comp_cert_zstd:
      return "zstd";
    default:
      return {};
  }
}

std::vector<CompressedChain> compress_chain(X509* leaf, const std::vector<X509Ptr>& chain) {
  std::vector<CompressedChain> made;
  const SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return made;
  SSL_CTX_set_security_level(context.get(), 0);  // whether the chain is good is not asked here
  if (SSL_CTX_use_certificate(context.get(), leaf) == 1) {
    for (const X509Ptr& further : chain) SSL_CTX_add1_chain_cert(context.get(), further.get());
    for (const int algorithm : certificate_compressions()) {
      if (SSL_CTX_compress_certs(context.get(), algorithm) != 1) continue;
      unsigned char* bytes = nullptr;
      CompressedChain one{.algorithm = algorithm};
      const std::size_t size = SSL_CTX_get1_compressed_cert(context.get(), algorithm, &bytes, &one.size);
      if (bytes != nullptr) one.bytes.assign(reinterpret_cast<const char*>(bytes), size);
      OPENSSL_free(bytes);
      if (is_worth_it(one)) made.push_back(std::move(one));
    }
  }
  ERR_clear_error();
  return made;
}

void offer_compressions(SSL* ssl, const std::vector<int>& algorithms) {
  std::vector<int> list = algorithms;
  const bool set = !list.empty() && SSL_set1_cert_comp_preference(ssl, list.data(), list.size()) == 1;
  if (!set) SSL_set_options(ssl, SSL_OP_NO_RX_CERTIFICATE_COMPRESSION);
}

void show_compressed(SSL* ssl, const CompressedChain& chain) {
  // The library copies the bytes, and takes them without const.
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(chain.bytes.data()));
  SSL_set1_compressed_cert(ssl, chain.algorithm, bytes, chain.bytes.size(), chain.size);
}

}  // namespace limpid::openssl
