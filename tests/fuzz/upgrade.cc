// Any dialogue before an upgrade to TLS, of any protocol: it must come to the same with each turn in one
// piece and byte by byte, and must end within its bounds. Input: a byte for the protocol, then turns: a byte
// whose top bit says who speaks and whose other bits how much, then that much.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/base/check.h"
#include "tls_proxy/upgrade/upgrade_dialogue.h"

namespace {

using limpid::Bytes;
using limpid::policy::UpgradeProtocol;
using limpid::tls::Finding;
using limpid::tls::UpgradeDialogue;

struct Turn {
  bool of_client = false;
  Bytes bytes;
};

std::vector<Turn> turns_of(Bytes rest) {
  std::vector<Turn> turns;
  while (!rest.empty()) {
    const unsigned head = std::to_integer<unsigned>(rest[0]);
    rest = rest.subspan(1);
    const Bytes bytes = rest.first(std::min<std::size_t>(head & 0x7fU, rest.size()));
    rest = rest.subspan(bytes.size());
    turns.push_back({(head & 0x80U) != 0, bytes});
  }
  return turns;
}

struct Outcome {
  Finding found;
  std::size_t hello_at = 0;  // in the client's bytes
};

/// One turn, in pieces. What the client says behind an upgrade is none of the dialogue's.
void play(UpgradeDialogue& dialogue, const Turn& turn, std::size_t piece, Outcome& outcome) {
  using Kind = Finding::Kind;
  for (std::size_t at = 0; at < turn.bytes.size(); at += piece) {
    const Bytes bytes = turn.bytes.subspan(at, std::min(piece, turn.bytes.size() - at));
    const bool upgraded = outcome.found.kind == Kind::kUpgraded;
    if (outcome.found.kind != Kind::kMore && (!upgraded || turn.of_client)) return;
    const Finding found = turn.of_client ? dialogue.on_client(bytes) : dialogue.on_server(bytes);
    LIMPID_CHECK(found.prefix <= bytes.size(), "a prefix lies within the bytes that were given");
    if (turn.of_client) outcome.hello_at += found.kind == Kind::kUpgraded ? found.prefix : bytes.size();
    if (!upgraded || found.kind != Kind::kMore) outcome.found = found;
  }
}

Outcome play_all(std::optional<UpgradeProtocol> protocol, const std::vector<Turn>& turns, std::size_t piece) {
  UpgradeDialogue dialogue(protocol);
  Outcome outcome;
  for (const Turn& turn : turns) play(dialogue, turn, piece, outcome);
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t number = data[0] % (limpid::policy::upgrade_protocol_names().size() + 1);
  std::optional<UpgradeProtocol> protocol;
  if (number != 0) protocol = static_cast<UpgradeProtocol>(number - 1);
  const std::vector<Turn> turns = turns_of({reinterpret_cast<const std::byte*>(data) + 1, size - 1});
  const Outcome whole = play_all(protocol, turns, SIZE_MAX / 2);
  const Outcome cut = play_all(protocol, turns, 1);
  LIMPID_CHECK(whole.found.kind == cut.found.kind, "it comes to the same, however it is cut");
  LIMPID_CHECK(whole.found.reason == cut.found.reason, "and for the same reason");
  const bool upgraded = whole.found.kind == Finding::Kind::kUpgraded;
  LIMPID_CHECK(!upgraded || whole.hello_at == cut.hello_at, "and the hello lies in the same place");
  return 0;
}
