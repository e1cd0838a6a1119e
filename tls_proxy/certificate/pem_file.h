// PEM and PKCS#12 files of certificates and private keys, as operators make them: every mistake becomes a
// sentence that names the file. Called at start, on the control thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

/// Every certificate of the file in its order; may be none. Other blocks and text between are passed over. A
/// certificate that cannot be read is an error: the ones behind it would be missing silently.
Result<std::vector<openssl::X509Ptr>, std::string> read_certificates(const std::string& path);

/// The file's first private key. An encrypted one without a passphrase is an error: a daemon cannot be asked.
Result<openssl::KeyPtr, std::string> read_private_key(const std::string& path,
                                                      const std::optional<std::string>& passphrase = {});

struct KeyAndChain {
  openssl::KeyPtr key;
  std::vector<openssl::X509Ptr> certificates;  // leaf first, then each one's issuer as far as they are there
};

/// A PKCS#12 file's private key with its certificates. Without a passphrase it must not need one.
Result<KeyAndChain, std::string> read_pkcs12(const std::string& path,
                                             const std::optional<std::string>& passphrase);

/// Every user of the machine may read the file.
bool readable_by_all(const std::string& path);

}  // namespace limpid::certificate
