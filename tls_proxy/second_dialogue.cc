#include "tls_proxy/second_dialogue.h"

#include <algorithm>

namespace limpid::tls {

namespace {

using tool::Direction;

/// What ends a line, or a tag.
bool is_end(char c) { return c == '\n' || c == '>'; }

}  // namespace

/// MySQL's greeting holds the number that the client's password is mixed with; so may POP3's (APOP, RFC
/// 1939).
bool SecondDialogue::is_possible(const Prelude& prelude) {
  if (prelude.turns.empty() || prelude.spoken == policy::name(policy::UpgradeProtocol::kMysql)) return false;
  if (prelude.spoken != policy::name(policy::UpgradeProtocol::kPop3)) return true;
  const auto greeting =
      std::find_if(prelude.turns.begin(), prelude.turns.end(),
                   [](const Prelude::Turn& turn) { return turn.from == Direction::kFromServer; });
  return greeting == prelude.turns.end() || greeting->bytes.find('<') == std::string::npos;
}

SecondDialogue::State SecondDialogue::run(tcp::ByteStream& server) {
  while (!failed_ && turn_ < prelude_.turns.size()) {
    const bool by_client = prelude_.turns[turn_].from == Direction::kFromClient;
    if (!(by_client ? say(server) : hear(server))) break;
    ++turn_;
  }
  const bool over = turn_ == prelude_.turns.size();
  // A load balancer's header is followed by the hello without an answer.
  const bool by_itself = over && prelude_.turns.back().from == Direction::kFromClient;
  if (failed_ || (over && !upgraded_ && !by_itself) || (upgraded_ && !over)) return State::kFailed;
  return over ? State::kAgreed : State::kGoesOn;
}

/// False: the server does not take all of it yet.
bool SecondDialogue::say(tcp::ByteStream& server) {
  const Bytes turn = as_bytes(prelude_.turns[turn_].bytes);
  const std::size_t room = std::min(turn.size() - said_, server.credit());
  said_ += room == 0 ? 0 : server.write(turn.subspan(said_, room));
  if (said_ < turn.size()) {
    failed_ = server.finished() || server.failure() != Reason::none;
    return false;
  }
  said_ = 0;
  const Finding found = door_.on_client(turn);
  upgraded_ = found.kind == Finding::Kind::kUpgraded;
  failed_ = found.kind == Finding::Kind::kNever || found.kind == Finding::Kind::kViolation;
  return true;
}

/// False: it has not said as much as the first time yet.
bool SecondDialogue::hear(tcp::ByteStream& server) {
  while (server.readable() > 0 && !failed_ && !upgraded_) {
    const Bytes piece = server.peek();
    const Finding found = door_.on_server(piece);
    heard_ += as_text(piece);
    server.consume(piece.size());
    upgraded_ = found.kind == Finding::Kind::kUpgraded;
    failed_ = found.kind == Finding::Kind::kNever || found.kind == Finding::Kind::kViolation;
  }
  if (!has_answered()) {
    failed_ = failed_ || server.finished() || server.failure() != Reason::none;
    return false;
  }
  heard_.clear();
  return true;
}

/// Numbers and dates in it may differ; how many lines or tags it has, or how many bytes where it has none, do
/// not.
bool SecondDialogue::has_answered() const {
  const std::string& before = prelude_.turns[turn_].bytes;
  if (upgraded_) return true;
  const char end = before.back();
  if (!is_end(end)) return heard_.size() >= before.size();
  return heard_.ends_with(end) &&
         std::count(heard_.begin(), heard_.end(), end) >= std::count(before.begin(), before.end(), end);
}

}  // namespace limpid::tls
