// Talk: a dialogue as a transcript. It is played to the door twice, with each turn in one piece and byte by
// byte, and must come to the same both times; outcome() says to what.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tls_proxy/upgrade/upgrade_dialogue.h"

namespace limpid::tls {

/// The beginning of every ClientHello.
inline const std::string kHello("\x16\x03\x01\x02\x00\x01", 6);

inline std::string name(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::kMore:
      return "more";
    case Finding::Kind::kUpgraded:
      return "upgraded";
    case Finding::Kind::kNever:
      return "never";
    case Finding::Kind::kViolation:
      return "violation";
  }
  return {};
}

class Talk {
 public:
  explicit Talk(std::optional<policy::UpgradeProtocol> of_port = {}) : of_port_(of_port) {}

  Talk& client(std::string bytes) { return turn(true, std::move(bytes)); }
  Talk& server(std::string bytes) { return turn(false, std::move(bytes)); }

  /// "more", "upgraded", "never: upgrade_not_made", "violation: upgrade_pipelined" …
  std::string outcome() {
    const Played whole = play(std::string::npos);
    const Played cut = play(1);
    EXPECT_EQ(whole.outcome, cut.outcome) << "cut into single bytes, it comes to something else";
    if (whole.outcome == "upgraded") {
      EXPECT_EQ(whole.hello_at, cut.hello_at);
    }
    EXPECT_EQ(whole.spoken, cut.spoken);
    EXPECT_EQ(whole.target, cut.target);
    played_ = whole;
    return whole.outcome;
  }
  // Of the last outcome():
  /// Where in the client's bytes the hello begins.
  std::size_t hello_at() const { return played_.hello_at; }
  const std::string& spoken() const { return played_.spoken; }
  std::string target() const {
    return played_.target ? played_.target->host + " " + std::to_string(played_.target->port) : "none";
  }

 private:
  struct Turn {
    bool of_client = false;
    std::string bytes;
  };
  struct Played {
    std::string outcome;
    std::size_t hello_at = 0;
    std::string spoken;
    std::optional<TunnelTarget> target;
  };

  Talk& turn(bool of_client, std::string bytes) {
    turns_.push_back({of_client, std::move(bytes)});
    return *this;
  }

  Played play(std::size_t piece) const {
    UpgradeDialogue dialogue(of_port_);
    Finding found;
    Played played;
    for (const Turn& turn : turns_) {
      for (std::size_t at = 0; at < turn.bytes.size(); at += std::min(piece, turn.bytes.size())) {
        const Bytes bytes = as_bytes(turn.bytes).subspan(at, std::min(piece, turn.bytes.size() - at));
        const bool upgraded = found.kind == Finding::Kind::kUpgraded;
        if ((upgraded && turn.of_client) || (!upgraded && found.kind != Finding::Kind::kMore)) break;
        const Finding next = turn.of_client ? dialogue.on_client(bytes) : dialogue.on_server(bytes);
        if (turn.of_client) {
          const bool now = next.kind == Finding::Kind::kUpgraded;
          played.hello_at += now ? next.prefix : bytes.size();
        }
        if (!upgraded || next.kind != Finding::Kind::kMore) found = next;
      }
    }
    played.outcome = name(found.kind);
    if (found.reason != Reason::none) played.outcome += ": " + std::string(limpid::name(found.reason));
    played.spoken = dialogue.spoken();
    if (dialogue.target() != nullptr) played.target = *dialogue.target();
    return played;
  }

  std::optional<policy::UpgradeProtocol> of_port_;
  std::vector<Turn> turns_;
  Played played_;
};

using policy::UpgradeProtocol;

}  // namespace limpid::tls
