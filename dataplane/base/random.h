// Randomness as an argument: the system's for keys, serials and initial sequence numbers; a seeded
// generator in tests, so that a run can be repeated from its seed.
#pragma once

#include <cstdint>

#include "dataplane/base/bytes.h"

namespace limpid {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableBytes bytes) = 0;

  std::uint64_t next() {
    std::uint64_t value = 0;
    fill({reinterpret_cast<std::byte*>(&value), sizeof value});
    return value;
  }
};

/// getrandom(2); ends the process where the kernel cannot give any (that machine must not make keys).
class SystemRandom final : public Random {
 public:
  void fill(MutableBytes bytes) override;
};

/// splitmix64 from a seed. For tests and the simulator; never for anything secret.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(MutableBytes bytes) override;

 private:
  std::uint64_t state_;
};

}  // namespace limpid
