// SampledMirror: a mirror that gets a share of the sessions only. Whether it gets one follows from the
// session's addresses and ports under a key: the same on every worker, for every mirror with this key, and
// each time with the same key. One for each worker; its thread, but for left_out().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "dataplane/tool/plaintext_tap.h"

namespace limpid::tool {

class SampledMirror final : public Mirror {
 public:
  static constexpr std::uint32_t kAll = 1'000'000;  // a share is said in millionths

  /// `sampled` outlives this.
  SampledMirror(Mirror& sampled, std::uint32_t share, std::uint64_t key)
      : sampled_(sampled), share_(share), key_(key) {}

  std::unique_ptr<PlaintextTap> open(const FlowFacts& facts, WallTime when) override;
  /// Sessions that it did not get. Any thread.
  std::uint64_t left_out() const { return left_out_.load(std::memory_order_relaxed); }

 private:
  Mirror& sampled_;
  std::uint32_t share_;
  std::uint64_t key_;
  std::atomic<std::uint64_t> left_out_{0};
};

}  // namespace limpid::tool
