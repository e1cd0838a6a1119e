// Fingerprint: the SHA-256 of a certificate, of a chain, or of whatever else is told apart by one. Any
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace limpid::certificate {

using Fingerprint = std::array<std::byte, 32>;  // SHA-256

/// The library's one-shot functions look the algorithm up anew each time, which takes longer than a short
/// text's digest; this one does not, unless there is no memory.
Fingerprint fingerprint_of(std::string_view bytes);

/// In small letters.
std::string hex(const Fingerprint& fingerprint);

}  // namespace limpid::certificate
