#include "tls_proxy/relay.h"

#include <algorithm>

namespace limpid::tls {

namespace {

TlsEngine& source(Direction from, Relay::Legs legs) {
  return from == Direction::kFromClient ? legs.client : legs.server;
}
TlsEngine& sink(Direction from, Relay::Legs legs) {
  return from == Direction::kFromClient ? legs.server : legs.client;
}
Direction opposite(Direction direction) {
  return direction == Direction::kFromClient ? Direction::kFromServer : Direction::kFromClient;
}

/// Several small records make one large one; a record that is full is passed on as it is.
TlsEngine::ReadResult read_up_to(TlsEngine& from, MutableBytes into) {
  std::size_t filled = 0;
  TlsEngine::Read last = TlsEngine::Read::kBytes;
  while (filled < into.size() && last == TlsEngine::Read::kBytes) {
    const TlsEngine::ReadResult result = from.read(into.subspan(filled));
    filled += result.size;
    last = result.what;
  }
  return {last, filled};
}

}  // namespace

void Relay::run(Legs legs, MutableBytes scratch, RelayObserver& observer, Instant now) {
  if (ended_) return;
  legs.client.flush();
  legs.server.flush();
  more_ = false;
  notice_failures(legs);
  constexpr std::array kBoth{Direction::kFromClient, Direction::kFromServer};
  std::array<bool, 2> held_up{};
  for (const Direction from : kBoth) {
    held_up.at(static_cast<std::size_t>(from)) = !sink(from, legs).ready();
    if (!break_) pump(from, legs, scratch, observer);
  }
  // Reading the one direction may have made ready where the other writes to: nobody else would tell.
  for (const Direction from : kBoth) {
    if (!break_ && held_up.at(static_cast<std::size_t>(from))) pump(from, legs, scratch, observer);
  }
  if (break_) drain(legs, scratch, observer, now);
  const bool starved = !legs.client.flushed() || !legs.server.flushed();
  if (!break_) ended_ = lanes_[0] == Lane::kDone && lanes_[1] == Lane::kDone && !starved;
  deadline_ = drain_until_;
  if (starved) deadline_ = std::min(deadline_, now + kStarvedRetry);
  if (more_) deadline_ = now;
}

/// One direction, as far as the budget, the bytes and the other leg's credit go.
void Relay::pump(Direction from, Legs legs, MutableBytes scratch, RelayObserver& observer) {
  TlsEngine& out = sink(from, legs);
  std::size_t budget = kBudget;
  while (lane(from) == Lane::kOpen && out.ready()) {
    if (budget == 0) {
      more_ = true;
      return;
    }
    const TlsEngine::ReadResult result =
        read_up_to(source(from, legs), scratch.first(std::min(scratch.size(), budget)));
    budget -= result.size;
    if (result.size > 0) {
      const MutableBytes bytes = scratch.first(result.size);
      observer.on_plaintext(from, bytes);
      if (!out.write(bytes)) return break_off(opposite(from), TlsEngine::Read::kFailed);
    }
    switch (result.what) {
      case TlsEngine::Read::kBytes:
        break;
      case TlsEngine::Read::kWait:
        return;
      case TlsEngine::Read::kCloseNotify:
        out.close_notify();
        observer.on_direction_end(from, true);
        lane(from) = Lane::kNotified;
        break;
      case TlsEngine::Read::kEnd:
        out.finish();
        observer.on_direction_end(from, false);
        lane(from) = Lane::kDone;
        break;
      case TlsEngine::Read::kBroken:
      case TlsEngine::Read::kFailed:
        return break_off(from, result.what);
    }
  }
  if (lane(from) == Lane::kNotified) await_fin(from, legs);
}

/// After close_notify the peer has nothing more to say: what comes nevertheless is taken and dropped.
void Relay::await_fin(Direction from, Legs legs) {
  if (!source(from, legs).drop_rest()) return;
  sink(from, legs).finish();
  lane(from) = Lane::kDone;
}

/// A reset is to be seen even while the other leg asks for nothing.
void Relay::notice_failures(Legs legs) {
  for (const Direction from : {Direction::kFromClient, Direction::kFromServer}) {
    if (source(from, legs).stream().failure() != Reason::none) break_off(from, TlsEngine::Read::kBroken);
  }
}

void Relay::break_off(Direction from, TlsEngine::Read how) {
  if (!break_) break_ = Break{from, how, lane(from) != Lane::kOpen};
}

/// What the broken leg had said before it broke still goes to the other one, for a short while; then the
/// other one is reset. Nothing more is taken from it meanwhile.
void Relay::drain(Legs legs, MutableBytes scratch, RelayObserver& observer, Instant now) {
  const Direction from = break_->from;
  if (drain_until_ == kNever) {
    drain_until_ = now + kDrainMax;
    if (lane(opposite(from)) == Lane::kOpen) observer.on_direction_end(opposite(from), false);
    lane(opposite(from)) = Lane::kDone;
    if (break_->how == TlsEngine::Read::kFailed) source(from, legs).finish();  // behind the alert
  }
  TlsEngine& out = sink(from, legs);
  const bool dead = out.stream().failure() != Reason::none;
  bool dry = lane(from) != Lane::kOpen || break_->how == TlsEngine::Read::kFailed || dead;
  bool clean = false;
  for (std::size_t budget = kBudget; !dry && out.ready() && budget > 0;) {
    const TlsEngine::ReadResult result =
        read_up_to(source(from, legs), scratch.first(std::min(scratch.size(), budget)));
    budget -= result.size;
    if (result.size > 0) {
      observer.on_plaintext(from, scratch.first(result.size));
      dry = !out.write(scratch.first(result.size));
    }
    clean = result.what == TlsEngine::Read::kCloseNotify;
    dry = dry || result.what != TlsEngine::Read::kBytes;
    more_ = budget == 0;
  }
  if (dry && lane(from) == Lane::kOpen) {
    // Its end and its reset have come at once: it had said all that it had to say.
    if (clean) out.close_notify();
    break_->after_end = clean;
    observer.on_direction_end(from, clean);
    lane(from) = Lane::kDone;
  }
  const bool drained = dry && out.flushed() && out.stream().unacknowledged() == 0;
  if (!drained && !dead && now < drain_until_) return;
  if (!dead) out.stream().abort();
  more_ = false;
  drain_until_ = kNever;
  ended_ = true;
}

}  // namespace limpid::tls
