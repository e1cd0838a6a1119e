#include "tests/unit/tls_proxy/recordings/replay.h"

#include <map>
#include <string>

#include "tls_proxy/upgrade/upgrade_dialogue.h"

namespace limpid::testing {

using policy::UpgradeProtocol;
using tls::Finding;

Replayed replay(const RecordedFlow& flow, std::optional<UpgradeProtocol> of_port) {
  tls::UpgradeDialogue dialogue(of_port);
  Replayed replayed;
  for (auto turn = flow.turns.begin(); turn != flow.turns.end(); ++turn) {
    if (replayed.found.kind == Finding::Kind::kUpgraded && turn->of_client) {
      replayed.behind.assign(turn, flow.turns.end());
      return replayed;
    }
    const Bytes bytes = as_bytes(turn->bytes);
    const Finding found = turn->of_client ? dialogue.on_client(bytes) : dialogue.on_server(bytes);
    if (found.kind == Finding::Kind::kMore) continue;
    replayed.found = found;
    if (found.kind != Finding::Kind::kUpgraded) return replayed;
    if (turn->of_client && found.prefix < turn->bytes.size()) {
      replayed.behind.assign(turn, flow.turns.end());
      replayed.behind.front().bytes.erase(0, found.prefix);
      return replayed;
    }
  }
  return replayed;
}

const SpokenUpgrade* upgrade_of(const KnownFlow& known) {
  static const std::map<std::string, SpokenUpgrade> kUpgrades{
      {"smtp", {UpgradeProtocol::kSmtp}}, {"imap", {UpgradeProtocol::kImap}},
      {"pop3", {UpgradeProtocol::kPop3}}, {"ftp", {UpgradeProtocol::kFtp}},
      {"ldap", {UpgradeProtocol::kLdap}}, {"mysql", {UpgradeProtocol::kMysql}},
      {"irc", {UpgradeProtocol::kIrc}},   {"pgsql", {UpgradeProtocol::kPostgres}},
      {"rdp", {UpgradeProtocol::kRdp}},   {"xmpp", {UpgradeProtocol::kXmpp}},
      {"http-connect", {std::nullopt}},   {"socks", {std::nullopt}}};
  const auto found = kUpgrades.find(known.upgrade);
  return found == kUpgrades.end() ? nullptr : &found->second;
}

std::vector<RecordedTurn> tls_turns(const KnownFlow& known, const RecordedFlow& flow) {
  const SpokenUpgrade* upgrade = upgrade_of(known);
  return upgrade == nullptr ? flow.turns : replay(flow, upgrade->protocol).behind;
}

tls::FirstBytes first_bytes_of(const std::vector<RecordedTurn>& turns, tls::ClientHello& hello) {
  std::string said;
  tls::FirstBytes first = tls::FirstBytes::kNeedMore;
  for (const RecordedTurn& turn : turns) {
    if (!turn.of_client) continue;
    said += turn.bytes;
    first = tls::parse_first_bytes(as_bytes(said), hello);
    if (first != tls::FirstBytes::kNeedMore) break;
  }
  return first;
}

}  // namespace limpid::testing
