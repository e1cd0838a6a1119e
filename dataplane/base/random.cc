#include "dataplane/base/random.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "dataplane/base/check.h"

namespace limpid {

void SystemRandom::fill(MutableBytes bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    LIMPID_CHECK(got > 0, "the kernel gives no randomness");
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

void SeededRandom::fill(MutableBytes bytes) {
  while (!bytes.empty()) {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
    mixed ^= mixed >> 31U;
    const std::size_t size = std::min(bytes.size(), sizeof mixed);
    std::memcpy(bytes.data(), &mixed, size);
    bytes = bytes.subspan(size);
  }
}

}  // namespace limpid
