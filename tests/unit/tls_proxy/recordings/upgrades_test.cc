// The recognisers beside the recordings of public test suites, in ../shared/data/pcaps, and what is known of
// these (truth.jsonl). Where they are not there, the tests are skipped.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/unit/tls_proxy/recordings/recordings.h"
#include "tls_proxy/upgrade/upgrade_dialogue.h"

namespace limpid::tls {
namespace {

using policy::UpgradeProtocol;
using testing::recorded_flows;
using testing::RecordedFlow;

const std::filesystem::path kFolder = "../shared/data/pcaps";

struct Seen {
  Finding found;
  bool hello = false;  // the client's bytes behind the upgrade begin as a TLS handshake does
};

bool begins_as_hello(std::string_view bytes) { return bytes.size() > 2 && bytes.starts_with("\x16\x03"); }

Seen replay(const RecordedFlow& flow, std::optional<UpgradeProtocol> protocol) {
  using Kind = Finding::Kind;
  UpgradeDialogue dialogue(protocol);
  Seen seen;
  for (const testing::RecordedTurn& turn : flow.turns) {
    const Bytes bytes = as_bytes(turn.bytes);
    if (seen.found.kind == Kind::kUpgraded && turn.of_client) {
      seen.hello = begins_as_hello(turn.bytes);
      return seen;
    }
    const Finding found = turn.of_client ? dialogue.on_client(bytes) : dialogue.on_server(bytes);
    if (found.kind == Kind::kMore) continue;
    seen.found = found;
    if (found.kind != Kind::kUpgraded) return seen;
    if (turn.of_client && found.prefix < turn.bytes.size()) {
      seen.hello = begins_as_hello(std::string_view(turn.bytes).substr(found.prefix));
      return seen;
    }
  }
  return seen;
}

/// The words of truth.jsonl; nullopt: what is spoken shows in the client's first bytes.
const std::map<std::string, std::optional<UpgradeProtocol>>& known_upgrades() {
  static const std::map<std::string, std::optional<UpgradeProtocol>> kKnown{
      {"smtp", UpgradeProtocol::kSmtp}, {"imap", UpgradeProtocol::kImap},
      {"pop3", UpgradeProtocol::kPop3}, {"ftp", UpgradeProtocol::kFtp},
      {"ldap", UpgradeProtocol::kLdap}, {"mysql", UpgradeProtocol::kMysql},
      {"irc", UpgradeProtocol::kIrc},   {"pgsql", UpgradeProtocol::kPostgres},
      {"rdp", UpgradeProtocol::kRdp},   {"xmpp", UpgradeProtocol::kXmpp},
      {"http-connect", std::nullopt},   {"socks", std::nullopt}};
  return kKnown;
}

std::optional<UpgradeProtocol> spoken_on(const RecordedFlow& flow) {
  return policy::usual_protocol(flow.server_port);
}

TEST(Recordings, EveryUpgradeThatIsKnownIsRecognised) {
  std::ifstream truth(kFolder / "truth.jsonl");
  if (!truth) GTEST_SKIP() << kFolder << " is not there";
  int recognised = 0;
  for (std::string line; std::getline(truth, line);) {
    const nlohmann::json record = nlohmann::json::parse(line);
    const std::string file = record["file"];
    for (const nlohmann::json& known : record["flows"]) {
      const auto upgrade =
          known_upgrades().find(known["upgrade"].is_string() ? std::string(known["upgrade"]) : "");
      if (upgrade == known_upgrades().end() || known["ch"] == 0) continue;
      const std::vector<RecordedFlow> flows = recorded_flows(kFolder / file);
      const std::string port = ":" + std::to_string(int(known["port"]));
      int here = 0;
      for (const RecordedFlow& flow : flows) {
        if (!flow.name.ends_with(port)) continue;
        const Seen seen = replay(flow, upgrade->second);
        here += seen.found.kind == Finding::Kind::kUpgraded && seen.hello ? 1 : 0;
      }
      EXPECT_GT(here, 0) << file << " " << known["flow"];
      recognised += here;
    }
  }
  EXPECT_GE(recognised, 18);
}

TEST(Recordings, NothingIsTakenForTlsThatIsNoneAndNoneIsRefused) {
  if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << kFolder << " is not there";
  int flows = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder)) {
    if (!entry.is_regular_file()) continue;
    const bool no_tls = entry.path().string().find("-other/") != std::string::npos;
    for (const RecordedFlow& flow : recorded_flows(entry.path())) {
      ++flows;
      for (const auto& protocol : {std::optional<UpgradeProtocol>(), spoken_on(flow)}) {
        const Seen seen = replay(flow, protocol);
        EXPECT_FALSE(no_tls && seen.hello) << entry.path() << " " << flow.name;
        EXPECT_NE(seen.found.kind, Finding::Kind::kViolation) << entry.path() << " " << flow.name;
      }
    }
  }
  EXPECT_GT(flows, 300);
}

}  // namespace
}  // namespace limpid::tls
