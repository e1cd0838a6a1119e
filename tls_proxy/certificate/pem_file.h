// PEM files of certificates and private keys, as operators make them: every mistake becomes a sentence that
// names the file. Called at start, on the control thread.
#pragma once

#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

/// Every certificate of the file in its order; may be none. Other blocks and text between are passed over. A
/// certificate that cannot be read is an error: the ones behind it would be missing silently.
Result<std::vector<openssl::X509Ptr>, std::string> read_certificates(const std::string& path);

/// The file's first private key. An encrypted one is an error: a daemon cannot be asked for a passphrase.
Result<openssl::KeyPtr, std::string> read_private_key(const std::string& path);

}  // namespace limpid::certificate
