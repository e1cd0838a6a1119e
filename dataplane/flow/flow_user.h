// The one small interface through which the data plane calls up. The flow engine asks its FlowUser about new
// flows and their first bytes; for adopted flows the user supplies a Session that moves the bytes between the
// two legs. Everything here runs on the thread of the worker that owns the flow and must not block.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "dataplane/flow/detour.h"
#include "dataplane/tcp/byte_stream.h"
#include "dataplane/tcp/chunk_pool.h"
#include "dataplane/tcp/leg.h"
#include "dataplane/wire/header_template.h"

namespace limpid::flow {

/// What the data plane does with a flow (design.md: "disposition").
enum class Disposition : std::uint8_t { kWatch, kForward, kTerminate, kDrop };

/// The user's own memory of a flow that is only forwarded (rule, server name): opaque to the data plane.
/// It may also look at what the server sends, until it has seen enough.
class FlowMemo {
 public:
  virtual ~FlowMemo() = default;
  /// The next in-order bytes of a forwarded flow from the server. False: no more, please.
  virtual bool on_server_bytes(Bytes bytes) = 0;
  /// Where the flow's packets go through tools: their way, which lives as long as the memo. Asked once, when
  /// the flow becomes a forwarded one.
  virtual Detour* detour() { return nullptr; }
  /// Instead of detour(): the flow goes past its tools, for there was no room for all that they would have to
  /// be shown first.
  virtual void drop_detour() {}
};

/// The two terminated connections of an adopted flow.
struct Legs {
  tcp::ByteStream& client;
  tcp::ByteStream& server;
};

/// What a session may ask of the flow that it belongs to.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  /// Something that the session waits for has come by another way than its legs: run() wants to be called
  /// with the next flush.
  virtual void wake() = 0;
  /// How the client speaks to the server at present, or the server to the client.
  virtual const wire::HeaderTemplate& headers(tcp::Leg side) const = 0;
  /// The flow's client is at the client side of its segment.
  virtual bool from_client_side() const = 0;
  /// For connections that the session keeps beside its legs; outlives it.
  virtual tcp::ChunkPool& stream_memory() = 0;
  /// Breaks off the server leg by reset, and opens a new connection in its place: to the same server, from
  /// the client's own address and port, with what the client offered in its SYN. Nothing may touch the leg's
  /// stream until run() finds it kOpen; it is the new connection's then.
  virtual void redial() = 0;
  enum class Redial : std::uint8_t { kNone, kOpening, kOpen, kRefused };
  virtual Redial redialled() const = 0;
};

/// Moves bytes between the legs of one adopted flow and ends them.
class Session {
 public:
  virtual ~Session() = default;
  /// Before the first run(). The host lives until the session is given back through FlowUser::on_closed(),
  /// and is not to be used after that.
  virtual void attach(SessionHost& host) { static_cast<void>(host); }
  /// Chunks of stream memory that the session holds beside its legs.
  virtual std::size_t chunks() const { return 0; }
  /// Called after each burst in which a leg had news, when deadline() has passed, and once on adoption.
  virtual void run(Legs legs, Instant now) = 0;
  /// When run() wants to be called even if nothing comes; kNever if not.
  virtual Instant deadline() const = 0;
  /// Both directions are ended and nothing is left to do. The engine then lets the endpoints drain, and
  /// reports the flow closed.
  virtual bool finished() const = 0;
  /// limpid is stopping and the time to drain is over, or the flow is evicted: end both legs by reset.
  virtual void abort(Legs legs, Reason why, Instant now) = 0;
};

/// How much of a flow there was. Byte counts are TCP payload, without retransmissions on adopted flows.
struct FlowSummary {
  Instant opened{};
  Instant last{};
  std::uint64_t packets_from_client = 0;
  std::uint64_t packets_from_server = 0;
  std::uint64_t bytes_from_client = 0;
  std::uint64_t bytes_from_server = 0;
  Disposition disposition = Disposition::kWatch;
  Reason reason = Reason::none;  // why it was not watched to its end, or how it broke
};

class Dialogue;

struct SynAdvice {
  Disposition disposition = Disposition::kWatch;  // kWatch: a candidate; kForward: final; kDrop: answer RST
  Reason reason = Reason::none;
  std::unique_ptr<FlowMemo> memo;
  /// kWatch: false where the flow is passed in any case, and its first bytes say no more than through which
  /// tools. Nothing of it is edited then, and no limit of interception concerns it.
  bool intercept = true;
  std::unique_ptr<Dialogue> dialogue{};  // kWatch: the flow begins with one; null: with its first bytes
};

struct FirstBytesAdvice {
  enum class Kind : std::uint8_t { kNeedMore, kForward, kAdopt, kReset, kDialogue };
  Kind kind = Kind::kNeedMore;
  Reason reason = Reason::none;
  std::unique_ptr<FlowMemo> memo;        // kForward: may be null
  std::unique_ptr<Session> session;      // kAdopt: never null
  std::unique_ptr<Dialogue> dialogue{};  // kDialogue: never null; it is told these bytes anew
};

/// What becomes of a watched flow that the engine gives up for its own reasons.
struct GivenUp {
  std::unique_ptr<FlowMemo> memo;  // what is to be remembered of it (a Detour, for one); may be null
  Reason refused = Reason::none;   // none: it is forwarded for ever; else reset at both ends, for that
};

/// A flow that begins in the clear, and may come to something that is taken over (an upgrade to TLS): all of
/// it is forwarded, and read along here, until that is known.
class Dialogue {
 public:
  struct Finding {
    enum class Kind : std::uint8_t {
      kMore,
      kUpgraded,   // what the client says next is judged as first bytes are
      kNever,      // forwarded for ever
      kViolation,  // reset at both ends, without letting these bytes past
    };
    Kind kind = Kind::kMore;
    Reason reason = Reason::none;
  };
  virtual ~Dialogue() = default;
  /// The next bytes of one side, in order. Neither side's come again, but for those with which the client
  /// itself makes it kUpgraded: they are held, and on_first_bytes() begins with them. Afterwards only the
  /// server's come.
  virtual Finding on_bytes(bool from_client, Bytes bytes) = 0;
  /// As with FlowUser, once it is upgraded.
  virtual FirstBytesAdvice on_first_bytes(const FlowFacts& facts, Bytes bytes, Instant now) = 0;
  virtual std::unique_ptr<Session> adopt_undecided(const FlowFacts& facts, Instant now) = 0;
  /// As with FlowUser. `first_bytes`: what the client has said behind the dialogue, and is held.
  virtual GivenUp given_up(const FlowFacts& facts, Bytes first_bytes, bool may_refuse) = 0;
};

class FlowUser {
 public:
  virtual ~FlowUser() = default;
  /// A new flow's SYN. Not called again for its retransmissions.
  virtual SynAdvice on_syn(const FlowFacts& facts, Instant now) = 0;
  /// The client's first bytes, in order from the first, as many as there are so far.
  virtual FirstBytesAdvice on_first_bytes(const FlowFacts& facts, Bytes bytes, Instant now) = 0;
  /// The first bytes were so far a part of a ClientHello but the client waits for an acknowledgement, so the
  /// flow is adopted undecided: the session reads the rest from the client leg, decides, and then either
  /// terminates TLS or relays the bytes as they are (one-way: it stays a relay).
  virtual std::unique_ptr<Session> adopt_undecided(const FlowFacts& facts, Instant now) = 0;
  /// A watched flow cannot be watched any longer, for the engine's own reasons; `first_bytes`: what its
  /// client has said so far. `may_refuse`: false where it is forwarded in any case, as at a limit.
  virtual GivenUp on_given_up(const FlowFacts& facts, Bytes first_bytes, bool may_refuse, Instant now) {
    static_cast<void>(facts), static_cast<void>(first_bytes);
    static_cast<void>(may_refuse), static_cast<void>(now);
    return {};
  }
  /// The flow has ended. Exactly once for each flow of which on_syn() was asked. `session` or `memo` is what
  /// the user gave; either may be null.
  virtual void on_closed(const FlowFacts& facts, const FlowSummary& summary, std::unique_ptr<Session> session,
                         std::unique_ptr<FlowMemo> memo, Instant now) = 0;
};

}  // namespace limpid::flow
