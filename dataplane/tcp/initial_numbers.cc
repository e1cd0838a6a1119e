#include "dataplane/tcp/initial_numbers.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace limpid::tcp {

namespace {

using Tick = std::chrono::duration<std::int64_t, std::ratio<4, 1'000'000>>;  // RFC 9293 §3.4.1: 4 us
constexpr std::size_t kAddressesMax = 32;

}  // namespace

InitialNumbers::Numbers InitialNumbers::of(const wire::HeaderTemplate& speaker, Instant now) const {
  std::array<std::byte, kAddressesMax + 4> tuple{};
  std::ranges::copy(speaker.addresses(), tuple.begin());
  const std::uint32_t ports = std::uint32_t{speaker.source_port()} << 16U | speaker.destination_port();
  for (std::size_t i = 0; i < sizeof ports; ++i)
    tuple[kAddressesMax + i] = static_cast<std::byte>(ports >> (8 * i));
  const std::uint64_t hash = sip_hash(tuple, key_);
  const auto ticks = std::chrono::duration_cast<Tick>(now.time_since_epoch()).count();
  return {.sequence = static_cast<std::uint32_t>(hash) + static_cast<std::uint32_t>(ticks),
          .timestamp_base = static_cast<std::uint32_t>(hash >> 32U)};
}

}  // namespace limpid::tcp
