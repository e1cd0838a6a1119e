// Which versions of TLS each leg of a session may have, and what becomes of what is older. Values.
#pragma once

#include <cstdint>
#include <optional>

namespace limpid::policy {

/// Both ends belong to it; as on the wire: 0x0300 is SSL 3.0, 0x0304 TLS 1.3.
struct VersionRange {
  std::uint16_t min = 0x0303;
  std::uint16_t max = 0x0304;

  bool holds(std::uint16_t version) const { return min <= version && version <= max; }
  friend bool operator==(const VersionRange&, const VersionRange&) = default;
};

/// A client that offers nothing as new as the client leg's minimum, or a server that has nothing as new as
/// the server leg's.
enum class BelowMinimum : std::uint8_t { kBlock, kPass, kDecrypt };

/// A hello in the format of SSL 2.0, which cannot be intercepted.
enum class Ssl2Hello : std::uint8_t { kPass, kBlock };

struct VersionPolicy {
  VersionRange client{};
  VersionRange server{};
  BelowMinimum below_minimum = BelowMinimum::kBlock;
  Ssl2Hello ssl2_hello = Ssl2Hello::kPass;

  friend bool operator==(const VersionPolicy&, const VersionPolicy&) = default;
};

/// What one rule says of it.
struct VersionChanges {
  std::optional<std::uint16_t> client_min{};
  std::optional<std::uint16_t> client_max{};
  std::optional<std::uint16_t> server_min{};
  std::optional<std::uint16_t> server_max{};
  std::optional<BelowMinimum> below_minimum{};
  std::optional<Ssl2Hello> ssl2_hello{};

  VersionPolicy applied_to(const VersionPolicy& usual) const {
    return {{client_min.value_or(usual.client.min), client_max.value_or(usual.client.max)},
            {server_min.value_or(usual.server.min), server_max.value_or(usual.server.max)},
            below_minimum.value_or(usual.below_minimum),
            ssl2_hello.value_or(usual.ssl2_hello)};
  }
  friend bool operator==(const VersionChanges&, const VersionChanges&) = default;
};

}  // namespace limpid::policy
