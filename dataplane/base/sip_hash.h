// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash whose results tell nothing of its key, for numbers
// that others see. keyed_hash.h is faster, and for tables of our own.
#pragma once

#include <cstdint>

#include "dataplane/base/bytes.h"

namespace limpid {

struct SipKey {
  std::uint64_t low = 0;  // its first eight bytes, least significant first
  std::uint64_t high = 0;
};

std::uint64_t sip_hash(Bytes bytes, const SipKey& key);

}  // namespace limpid
