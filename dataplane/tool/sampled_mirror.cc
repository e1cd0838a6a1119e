#include "dataplane/tool/sampled_mirror.h"

namespace limpid::tool {

namespace {

// Every bit of the state moves every bit of the result (the finalizer of splitmix64).
constexpr std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

std::uint64_t absorbed(std::uint64_t state, const SocketAddress& who) {
  for (const std::byte byte : who.ip.bytes()) state = mixed(state + std::to_integer<std::uint64_t>(byte) + 1);
  return mixed(state + who.port);
}

}  // namespace

std::unique_ptr<PlaintextTap> SampledMirror::open(const FlowFacts& facts, WallTime when) {
  const std::uint64_t hash = absorbed(absorbed(mixed(key_), facts.client), facts.server);
  if (hash % kAll < share_) return sampled_.open(facts, when);
  left_out_.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

}  // namespace limpid::tool
