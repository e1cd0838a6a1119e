// InboundMaterial: the certificates and private keys of the operator's own servers. Loaded once at start,
// immutable, shared by workers. The private keys are inside the SigningKey and nowhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "tls_proxy/certificate/signing_key.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

/// Of one server: a PEM chain with its key, or a PKCS#12 file that has both. A path that is empty although it
/// is needed stands for a file about which everything has been said already.
struct InboundFiles {
  std::string certificate{};
  std::string key{};
  std::string pkcs12{};
  std::optional<std::string> passphrase{};
};

enum class InboundFile : std::uint8_t { kCertificate, kKey, kPkcs12 };

/// What is wrong with one of the files, or will be.
struct InboundProblem {
  std::size_t entry = 0;  // whose file it is
  InboundFile file{};
  std::string sentence;  // names the file's path
  std::string expected;  // completes "expected …"; empty: nothing to say
  std::string hint;      // likewise
};

struct OwnCertificate {
  openssl::X509Ptr leaf;
  std::vector<openssl::X509Ptr> chain;  // sent after the leaf
  KeyId key{};
};

class InboundMaterial {
 public:
  /// Every problem of every file; fails, too, where a file is missing that has been reported already.
  static Result<std::shared_ptr<const InboundMaterial>, std::vector<InboundProblem>> load(
      const std::vector<InboundFiles>& entries, WallTime now);

  /// In the order of the files.
  const std::vector<OwnCertificate>& certificates() const { return certificates_; }
  const SigningKey& keys() const { return *keys_; }
  /// What an operator should know, but can run with.
  const std::vector<InboundProblem>& warnings() const { return warnings_; }

 private:
  InboundMaterial() = default;

  std::vector<OwnCertificate> certificates_;
  std::unique_ptr<SigningKey> keys_;
  std::vector<InboundProblem> warnings_;
};

}  // namespace limpid::certificate
