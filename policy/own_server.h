// OwnServer: where one of the operator's own servers, whose key limpid has, is to be found. Asked when a
// session's certificate is chosen, and by `limpid explain`. Values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/address.h"
#include "policy/rule.h"

namespace limpid::policy {

inline constexpr std::size_t kOwnServersMax = 4'096;

/// What becomes of sessions with a server that has another certificate than the one that is known of it.
enum class ChangedCertificate : std::uint8_t { kBlock, kOutbound };

/// "block", "outbound".
std::string_view name(ChangedCertificate change);

/// An empty list means: whatever it is. All lists empty: it may be anywhere, and is expected nowhere.
struct OwnServer {
  std::string name{};
  std::vector<IpPrefix> servers{};
  std::vector<NumberRange> ports{};
  std::vector<std::string> sni{};  // host patterns in normal form
  ChangedCertificate on_change = ChangedCertificate::kBlock;

  /// A session that this entry is for must lead to its server.
  bool is_expected() const { return !servers.empty() || !ports.empty() || !sni.empty(); }

  friend bool operator==(const OwnServer&, const OwnServer&) = default;
};

/// The entries that a session may lead to, by their numbers. `sni` as the client sent it; empty: it sent
/// none.
std::vector<std::uint16_t> own_servers_of(const std::vector<OwnServer>& servers, const FlowFacts& facts,
                                          std::string_view sni);

/// Whose key a decrypted session's client will be shown, in words.
struct KeysInWords {
  std::string direction{};          // "inbound", "outbound", or "any" where the server's certificate decides
  std::vector<std::string> keys{};  // names of entries
  std::string why{};                // in words; empty: limpid has no keys of servers
};
KeysInWords explain_keys(Direction direction, const std::vector<OwnServer>& servers, const FlowFacts& facts,
                         std::string_view sni);

}  // namespace limpid::policy
