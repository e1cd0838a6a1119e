// UpgradeProtocol: the protocols whose connections begin in the clear and may be upgraded to TLS, as the
// configuration names them. Which one a connection speaks follows from its port. Values; no thread owns them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace limpid::policy {

enum class UpgradeProtocol : std::uint8_t {
  kSmtp,
  kLmtp,
  kImap,
  kPop3,
  kFtp,
  kNntp,
  kManageSieve,
  kLdap,
  kXmpp,
  kIrc,
  kPostgres,
  kMysql,
  kRdp,
};

/// "smtp", "managesieve", …
std::string_view name(UpgradeProtocol protocol);
/// Every name, in the order of the enumeration.
const std::vector<std::string_view>& upgrade_protocol_names();
/// What is usually spoken on a port; nullopt: nobody says.
std::optional<UpgradeProtocol> usual_protocol(std::uint16_t port);

}  // namespace limpid::policy
