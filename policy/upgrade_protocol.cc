#include "policy/upgrade_protocol.h"

#include <algorithm>
#include <array>
#include <utility>

namespace limpid::policy {

namespace {

using Usual = std::pair<std::uint16_t, UpgradeProtocol>;

constexpr std::array<Usual, 19> kUsual{{
    {21, UpgradeProtocol::kFtp},    {24, UpgradeProtocol::kLmtp},          {25, UpgradeProtocol::kSmtp},
    {110, UpgradeProtocol::kPop3},  {119, UpgradeProtocol::kNntp},         {143, UpgradeProtocol::kImap},
    {389, UpgradeProtocol::kLdap},  {433, UpgradeProtocol::kNntp},         {587, UpgradeProtocol::kSmtp},
    {2525, UpgradeProtocol::kSmtp}, {3268, UpgradeProtocol::kLdap},        {3306, UpgradeProtocol::kMysql},
    {3389, UpgradeProtocol::kRdp},  {4190, UpgradeProtocol::kManageSieve}, {5222, UpgradeProtocol::kXmpp},
    {5269, UpgradeProtocol::kXmpp}, {5432, UpgradeProtocol::kPostgres},    {6667, UpgradeProtocol::kIrc},
    {194, UpgradeProtocol::kIrc},
}};

}  // namespace

const std::vector<std::string_view>& upgrade_protocol_names() {
  static const std::vector<std::string_view> kNames = {"smtp",       "lmtp",        "imap", "pop3", "ftp",
                                                       "nntp",       "managesieve", "ldap", "xmpp", "irc",
                                                       "postgresql", "mysql",       "rdp"};
  return kNames;
}

const std::vector<std::string>& upgrade_words() {
  static const std::vector<std::string> kWords = [] {
    const auto& names = upgrade_protocol_names();
    std::vector<std::string> words(names.begin(), names.end());
    for (const char* proxy : {"connect", "socks4", "socks5", "proxy"}) words.emplace_back(proxy);
    return words;
  }();
  return kWords;
}

std::string_view name(UpgradeProtocol protocol) {
  return upgrade_protocol_names()[static_cast<std::size_t>(protocol)];
}

std::optional<UpgradeProtocol> usual_protocol(std::uint16_t port) {
  const auto* const found =
      std::find_if(kUsual.begin(), kUsual.end(), [port](const Usual& usual) { return usual.first == port; });
  if (found == kUsual.end()) return std::nullopt;
  return found->second;
}

}  // namespace limpid::policy
