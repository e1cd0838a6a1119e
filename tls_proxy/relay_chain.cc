#include "tls_proxy/relay_chain.h"

#include <algorithm>

namespace limpid::tls {

/// The client's bytes and end are told of where they come from the client leg, the server's at the server
/// leg: as the ends speak. What a tool has made of them is told of where it reaches the other leg.
class RelayChain::Ends final : public RelayObserver {
 public:
  Ends(RelayObserver& observer, bool client_leg, bool server_leg)
      : observer_(observer), client_leg_(client_leg), server_leg_(server_leg) {}

  void on_plaintext(Direction direction, Bytes bytes) override {
    if (is_begin(direction)) observer_.on_plaintext(direction, bytes);
    if (is_end(direction)) observer_.on_delivered(direction, bytes);
  }
  void on_direction_end(Direction direction, bool clean) override {
    if (is_begin(direction)) observer_.on_direction_end(direction, clean);
    if (is_end(direction)) observer_.on_delivered_end(direction, clean);
  }

 private:
  bool is_begin(Direction direction) const {
    return direction == Direction::kFromClient ? client_leg_ : server_leg_;
  }
  bool is_end(Direction direction) const {
    return direction == Direction::kFromClient ? server_leg_ : client_leg_;
  }

  RelayObserver& observer_;
  bool client_leg_;
  bool server_leg_;
};

RelayChain::RelayChain() = default;
RelayChain::~RelayChain() = default;

// --- Opening --------------------------------------------------------------------------------------------

namespace {

/// Nothing has gone into it yet, and nothing should.
bool unfit(const tool::Passage& passage) { return passage.failure() != Reason::none || passage.tool_down(); }

}  // namespace

void RelayChain::insert(std::size_t place, std::unique_ptr<tool::Passage> passage) {
  auto link = std::make_unique<Link>();
  link->passage = std::move(passage);
  links_.insert(links_.begin() + static_cast<std::ptrdiff_t>(place), std::move(link));
}

RelayChain::Opening RelayChain::opening() const {
  bool open = true;
  for (const auto& link : links_) {
    if (unfit(*link->passage)) return Opening::kFailed;
    open = open && link->passage->open();
  }
  return open ? Opening::kOpen : Opening::kWait;
}

std::size_t RelayChain::failed_tool() const {
  std::size_t place = 0;
  while (!unfit(*links_[place]->passage)) ++place;
  return place;
}

Reason RelayChain::tool_failure(std::size_t place) const {
  const Reason own = links_[place]->passage->failure();
  return own == Reason::none && tool_down(place) ? Reason::tool_down : own;
}

void RelayChain::leave_out(std::size_t place) {
  links_.erase(links_.begin() + static_cast<std::ptrdiff_t>(place));
}

// --- Running --------------------------------------------------------------------------------------------

Relay::Legs RelayChain::legs_of(std::size_t relay, Relay::Legs ends) {
  TlsEngine* client = &ends.client;
  TlsEngine* server = &ends.server;
  if (relay > 0) client = &*links_[relay - 1]->b;
  if (relay < links_.size()) server = &*links_[relay]->a;
  return {*client, *server};
}

void RelayChain::run_relay(std::size_t number, Relay::Legs ends, MutableBytes scratch,
                           RelayObserver& observer, Instant now) {
  Ends told(observer, number == 0, number == links_.size());
  relay(number).run(legs_of(number, ends), scratch, told, now);
  if (break_ || !relay(number).broken()) return;
  break_ = break_of(number);
  broken_relay_ = number;
}

void RelayChain::run(Relay::Legs legs, MutableBytes scratch, RelayObserver& observer, Instant now) {
  if (ended_) return;
  for (const auto& link : links_) {
    if (link->a) continue;
    tool::Passage& passage = *link->passage;
    link->a.emplace(passage.a(), link->from_client, link->from_server, passage.from_client(),
                    passage.from_server());
    link->b.emplace(passage.b(), link->from_server, link->from_client, passage.from_server(),
                    passage.from_client());
  }
  for (std::size_t number = 0; number <= links_.size(); ++number) {
    run_relay(number, legs, scratch, observer, now);
  }
  // What the later ones have learned of the server's end concerns the earlier ones.
  for (std::size_t number = links_.size(); number > 0; --number) {
    run_relay(number - 1, legs, scratch, observer, now);
  }
  bool all = true;
  for (std::size_t number = 0; number <= links_.size(); ++number) all = all && relay(number).ended();
  if (break_ && relay(broken_relay_).ended() && cut_at_ == kNever) cut_at_ = now + Relay::kDrainMax;
  if (!all && now >= cut_at_) {
    cut(legs);
    all = true;
  }
  ended_ = all;
}

/// A tool has swallowed the reset. A leg that has failed keeps its alert and its FIN.
void RelayChain::cut(Relay::Legs ends) {
  const std::optional<Break> first = broken();
  const auto keeps = [&first](Break::Who who) {
    return first && first->who == who && first->how == TlsEngine::Read::kFailed;
  };
  if (!keeps(Break::Who::kClient)) ends.client.stream().abort();
  if (!keeps(Break::Who::kServer)) ends.server.stream().abort();
  abort();
}

void RelayChain::drop() { links_.clear(); }

std::optional<RelayChain::Break> RelayChain::break_of(std::size_t number) const {
  const std::optional<Relay::Break>& how = relay(number).broken();
  if (!how) return std::nullopt;
  Break result{.who = Break::Who::kTool, .tool = number, .how = how->how, .after_end = how->after_end};
  const bool client_side = how->from == Direction::kFromClient;
  if (client_side && number == 0) result.who = Break::Who::kClient;
  if (!client_side && number == links_.size()) result.who = Break::Who::kServer;
  if (client_side && number > 0) result.tool = number - 1;
  return result;
}

std::optional<RelayChain::Break> RelayChain::broken() const {
  // Anew: whether an end had come before the break shows only when all that came before it was taken.
  std::optional<Break> found = break_ ? break_of(broken_relay_) : std::nullopt;
  // In the midst of run() one may have been broken just now.
  for (std::size_t number = 0; !found && number <= links_.size(); ++number) found = break_of(number);
  return found;
}

void RelayChain::service(Instant now) {
  for (const auto& link : links_) link->passage->service(now);
}

void RelayChain::abort() {
  for (const auto& link : links_) link->passage->abort();
}

bool RelayChain::over() const {
  return std::all_of(links_.begin(), links_.end(), [](const auto& link) { return link->passage->over(); });
}

Instant RelayChain::deadline() const {
  Instant earliest = ended_ ? kNever : cut_at_;
  for (std::size_t number = 0; !ended_ && number <= links_.size(); ++number) {
    earliest = std::min(earliest, relay(number).deadline());
  }
  for (const auto& link : links_) earliest = std::min(earliest, link->passage->deadline());
  return earliest;
}

std::size_t RelayChain::chunks() const {
  std::size_t chunks = 0;
  for (const auto& link : links_) chunks += link->passage->chunks();
  return chunks;
}

}  // namespace limpid::tls
