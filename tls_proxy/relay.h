// Relay: moves decrypted bytes between the two legs of a session, and keeps the meaning of every end: a clean
// end stays clean, a truncated stream stays truncated, a reset stays a reset. It reads only what the other
// leg asks for, so a slow reader pushes back to the sender, and takes no more than kBudget of each direction
// in one run, so that no session starves the others. Owned by one TlsSession; the worker's thread; reads no
// clock and keeps no bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/tool/plaintext_tap.h"
#include "tls_proxy/openssl/tls_engine.h"

namespace limpid::tls {

using tool::Direction;

/// What the relay lets its session know of the bytes.
class RelayObserver {
 public:
  virtual ~RelayObserver() = default;
  virtual void on_plaintext(Direction direction, Bytes bytes) = 0;
  /// Once for each direction. `clean`: close_notify; else truncated, reset or failed.
  virtual void on_direction_end(Direction direction, bool clean) = 0;
  /// The same behind the inline tools of a RelayChain: what the other leg is given. Without tools both are
  /// told.
  virtual void on_delivered(Direction /*direction*/, Bytes /*bytes*/) {}
  virtual void on_delivered_end(Direction /*direction*/, bool /*clean*/) {}
};

class Relay {
 public:
  static constexpr std::size_t kBudget = std::size_t{64} * 1024;            // a direction and run
  static constexpr Duration kDrainMax = std::chrono::milliseconds(300);     // after a reset
  static constexpr Duration kStarvedRetry = std::chrono::milliseconds(20);  // stream memory was short

  struct Legs {
    TlsEngine& client;
    TlsEngine& server;
  };
  /// How the relay was broken off, if it was.
  struct Break {
    Direction from{};  // the leg at fault: kFromClient is the client leg
    TlsEngine::Read how = TlsEngine::Read::kBroken;
    bool after_end = false;  // that leg had already ended its direction: nothing of it is lost
  };

  /// `scratch` holds one record; its contents mean nothing between runs.
  void run(Legs legs, MutableBytes scratch, RelayObserver& observer, Instant now);
  /// Both directions have ended, or what broke has been passed on.
  bool ended() const { return ended_; }
  Instant deadline() const { return deadline_; }
  const std::optional<Break>& broken() const { return break_; }

 private:
  enum class Lane : std::uint8_t {
    kOpen,
    kNotified,  // close_notify came and was passed on; FIN is awaited
    kDone,      // FIN passed on
  };

  Lane& lane(Direction from) { return lanes_[static_cast<std::size_t>(from)]; }
  void pump(Direction from, Legs legs, MutableBytes scratch, RelayObserver& observer);
  void await_fin(Direction from, Legs legs);
  void notice_failures(Legs legs);
  void break_off(Direction from, TlsEngine::Read how);
  void drain(Legs legs, MutableBytes scratch, RelayObserver& observer, Instant now);

  std::array<Lane, 2> lanes_{};
  std::optional<Break> break_;
  Instant drain_until_ = kNever;
  Instant deadline_ = kNever;
  bool more_ = false;  // the budget ran out before the bytes did
  bool ended_ = false;
};

}  // namespace limpid::tls
