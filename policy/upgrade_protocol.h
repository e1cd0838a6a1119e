// UpgradeProtocol: the protocols whose connections begin in the clear and may be upgraded to TLS, as the
// configuration names them. Which one a connection speaks follows from its port. Values; no thread owns them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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

/// What a rule may call it: those names, and "connect", "socks4", "socks5" and "proxy".
const std::vector<std::string>& upgrade_words();

/// What was said in the clear before a connection became TLS, as far as rules look at it.
struct UpgradeFacts {
  std::string_view spoken;  // one of upgrade_words()
  std::string_view host;    // whom a proxy was asked for; empty: it was no proxy
  std::uint16_t port = 0;
};

}  // namespace limpid::policy
