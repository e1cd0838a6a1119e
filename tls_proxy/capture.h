// Capture: the handshakes of sessions that an operator asks for, recorded on both legs as their peers see
// them, from the ClientHello until both handshakes are over, or the session is. A CaptureOrder says which
// sessions; all workers share it. A SessionCapture records one session, on its worker's thread; it is
// bounded.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "dataplane/tool/plaintext_tap.h"

namespace limpid::tls {

class RecordSink;

struct CapturedPiece {
  tool::Direction direction = tool::Direction::kFromClient;
  WallTime when{};
  std::vector<std::byte> bytes;
};

/// What the peer of one leg has said and was told.
struct CapturedLeg {
  CapturedLeg() = default;
  CapturedLeg(CapturedLeg&&) = default;
  CapturedLeg& operator=(CapturedLeg&&) = default;
  CapturedLeg(const CapturedLeg&) = delete;
  CapturedLeg& operator=(const CapturedLeg&) = delete;
  /// Wipes the secrets.
  ~CapturedLeg();

  std::vector<CapturedPiece> pieces;
  std::vector<std::byte> secrets;  // lines of a key log; empty unless they were asked for
  std::size_t size = 0;            // bytes in all pieces
};

struct CapturedSession {
  std::uint64_t order = 0;  // the number of the order that wanted it
  FlowFacts facts;
  std::string host;  // SNI; empty: none
  CapturedLeg client;
  CapturedLeg server;
  Reason reason = Reason::none;
  bool failed = false;
  std::string cause;
};

/// Everything that is there must hold.
struct CaptureFilter {
  std::uint64_t number = 0;  // of the order; sessions of an earlier one may come late
  std::string host{};        // part of the server's name, in small letters
  std::optional<IpPrefix> client{};
  std::optional<IpPrefix> server{};
  std::uint16_t server_port = 0;  // 0: any
  bool failed = false;            // only sessions that fail
  bool secrets = false;           // those of the sessions are recorded, too
  std::uint32_t sessions_max = 10;
};

class CaptureOrder {
 public:
  static constexpr std::uint32_t kAtOnce = 256;  // sessions that are being recorded

  explicit CaptureOrder(CaptureFilter filter) : filter_(std::move(filter)) {}

  // Any thread.
  bool wants(const FlowFacts& facts, std::string_view host) const;
  const CaptureFilter& filter() const { return filter_; }
  /// False: no more sessions are recorded at present. Else leave() follows.
  bool enter();
  void leave() { recording_.fetch_sub(1, std::memory_order_relaxed); }
  /// Sessions that might have been wanted, and were not recorded for want of room.
  std::uint32_t refused() const { return refused_.load(std::memory_order_relaxed); }
  /// A recorded session is wanted: false where there are enough.
  bool take_place() { return taken_.fetch_add(1, std::memory_order_relaxed) < filter_.sessions_max; }

 private:
  CaptureFilter filter_;
  std::atomic<std::uint32_t> recording_{0};
  std::atomic<std::uint32_t> refused_{0};
  std::atomic<std::uint32_t> taken_{0};
};

class SessionCapture {
 public:
  static constexpr std::size_t kLegMax = 128U << 10U;  // bytes of one leg that are kept; the rest is left out

  /// Null where the session is not wanted.
  static std::unique_ptr<SessionCapture> begin(const std::shared_ptr<CaptureOrder>& order,
                                               const FlowFacts& facts, std::string_view host);
  ~SessionCapture();
  SessionCapture(const SessionCapture&) = delete;
  SessionCapture& operator=(const SessionCapture&) = delete;

  /// Hears one leg, for as long as its recorder lives. Until one hears the client's, what the client says is
  /// told here.
  std::unique_ptr<tool::PlaintextTap> client_tap();
  std::unique_ptr<tool::PlaintextTap> server_tap();
  void tell_client(tool::Direction direction, Bytes bytes, WallTime when);

  struct Outcome {
    Reason reason = Reason::none;
    bool failed = false;
    std::string cause{};
  };
  /// Hands over what was recorded, if it is wanted. Nothing is recorded any more.
  void finish(Outcome outcome, RecordSink& sink);

 private:
  struct Recording;
  class Tap;
  SessionCapture(std::shared_ptr<CaptureOrder> order, std::shared_ptr<Recording> recording);

  std::shared_ptr<CaptureOrder> order_;
  std::shared_ptr<Recording> recording_;
};

}  // namespace limpid::tls
