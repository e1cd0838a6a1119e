// SigningMaterial: the two signing CAs and the key pairs of forged leaves. Loaded once at start, immutable,
// shared by workers. CA private keys are inside the SigningKey and nowhere else; forged leaves have key pairs
// of their own, made anew at each start.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/generation.h"
#include "dataplane/base/result.h"
#include "tls_proxy/certificate/signing_key.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

/// The kind of a forged leaf's key, chosen by what the client can verify.
enum class KeyKind : std::uint8_t { kP256, kRsa2048 };

struct SigningCa {
  openssl::X509Ptr certificate;
  std::vector<openssl::X509Ptr> chain;  // further certificates of the CA's file, sent after it
  KeyId key{};
};

/// Paths. Without an untrusted pair, chains that do not verify cannot be forged at all.
struct SigningFiles {
  std::string trusted_certificate;
  std::string trusted_key;
  std::string untrusted_certificate;
  std::string untrusted_key;
};

enum class SigningFile : std::uint8_t {
  kTrustedCertificate,
  kTrustedKey,
  kUntrustedCertificate,
  kUntrustedKey
};

/// What is wrong with one of the files, or will be.
struct SigningProblem {
  SigningFile file{};
  std::string sentence;  // names the file's path
  std::string expected;  // completes "expected …"; empty: nothing to say
  std::string hint;      // likewise
};

class SigningMaterial {
 public:
  /// Every problem of every file. A trusted path that is empty stands for a file about which everything has
  /// been said already: the others are looked at, and the load fails, perhaps without a problem of its own.
  static Result<std::shared_ptr<const SigningMaterial>, std::vector<SigningProblem>> load(
      const SigningFiles& files, WallTime now);

  const SigningCa& trusted() const { return trusted_; }
  /// Its certificate is null where none is configured.
  const SigningCa& untrusted() const { return untrusted_; }
  EVP_PKEY* leaf_key(KeyKind kind) const { return kind == KeyKind::kP256 ? p256_.get() : rsa_.get(); }
  const SigningKey& keys() const { return *keys_; }
  /// Differs between any two of a process: a session made under one CA is not resumed under another.
  std::uint64_t generation() const { return generation_; }
  /// What an operator should know, but can run with.
  const std::vector<SigningProblem>& warnings() const { return warnings_; }

 private:
  SigningMaterial() = default;

  SigningCa trusted_;
  SigningCa untrusted_;
  openssl::KeyPtr p256_;
  openssl::KeyPtr rsa_;
  std::unique_ptr<SigningKey> keys_;
  std::vector<SigningProblem> warnings_;
  std::uint64_t generation_ = next_generation();
};

}  // namespace limpid::certificate
