// Owners for OpenSSL's objects: unique_ptr with the right free function. Thread: whoever owns the pointer.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace limpid::openssl {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, Freed<X509_CRL_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;

// Stacks of what belongs to somebody else.
inline void free_stack(STACK_OF(X509) * stack) { sk_X509_free(stack); }
inline void free_stack(STACK_OF(X509_CRL) * stack) { sk_X509_CRL_free(stack); }
struct FreedStack {
  template <typename Stack>
  void operator()(Stack* stack) const {
    free_stack(stack);
  }
};
using CertificatesPtr = std::unique_ptr<STACK_OF(X509), FreedStack>;
using ListsPtr = std::unique_ptr<STACK_OF(X509_CRL), FreedStack>;

inline X509Ptr share(X509* certificate) {
  X509_up_ref(certificate);
  return X509Ptr(certificate);
}
inline CrlPtr share(X509_CRL* list) {
  X509_CRL_up_ref(list);
  return CrlPtr(list);
}
inline KeyPtr share(EVP_PKEY* key) {
  EVP_PKEY_up_ref(key);
  return KeyPtr(key);
}

}  // namespace limpid::openssl
