// Compression of Certificate messages (RFC 8879): what a server may compress its chain with, and chains that
// are compressed once and shown to many clients. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tls_proxy/openssl/pointers.h"

namespace limpid::openssl {

/// By their numbers: zlib is 1, brotli 2, zstd 3. Empty where this build has none, or where the library would
/// unpack whatever a server makes it (CVE-2025-66199): this one takes no message beyond Contexts' limit.
const std::vector<int>& certificate_compressions();
/// "zlib", "brotli", "zstd"; empty for any other.
std::string compression_name(int algorithm);

/// A Certificate message without extensions, compressed.
struct CompressedChain {
  int algorithm = 0;
  std::size_t size = 0;  // of the message itself
  std::string bytes{};
};
/// By each algorithm that makes it smaller by an eighth at least. It takes milliseconds.
std::vector<CompressedChain> compress_chain(X509* leaf, const std::vector<X509Ptr>& chain);

// --- for Engine ---
/// What this client's connection takes; none where the list is empty.
void offer_compressions(SSL* ssl, const std::vector<int>& algorithms);
/// Of the certificate that was set last.
void show_compressed(SSL* ssl, const CompressedChain& chain);

}  // namespace limpid::openssl
