// FlowEngine: every flow of one worker. Frames go in; frames go out through PacketOutput: forwarded as they
// came, or composed for the endpoints of adopted flows. It watches handshakes, holds first bytes, asks its
// FlowUser, and adopts flows. Called by the worker's loop, on one thread; never blocks, reads no clock, and
// knows neither TLS nor DPDK. After each burst: on_packet() for each frame, then flush().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/random.h"
#include "dataplane/base/reasons.h"
#include "dataplane/flow/detour.h"
#include "dataplane/flow/flow_user.h"
#include "dataplane/flow/ledger.h"
#include "dataplane/flow/level.h"
#include "dataplane/flow/side.h"
#include "dataplane/tcp/endpoint.h"
#include "dataplane/wire/packet.h"

namespace limpid::flow {

/// Where frames leave. It takes every packet; what a full port cannot take is the port's loss to count.
class PacketOutput {
 public:
  virtual ~PacketOutput() = default;
  virtual void send(std::uint16_t segment, Side to, wire::Packet packet) = 0;
};

/// What happens to a flow that would be intercepted, were it not for a limit.
enum class AtLimit : std::uint8_t { kPass, kReset };

struct FlowEngineSettings {
  // Limits of one worker; memory for flows is taken at construction.
  std::uint32_t flows_max = 65'536;            // tracked flows of any disposition, tombstones included
  std::uint32_t adopted_max = 8'192;           // intercepted sessions
  std::uint32_t watched_max = 32'768;          // flows whose handshake or first bytes are watched
  std::uint32_t held_packets_max = 4'096;      // packets held back, all flows together
  std::uint32_t held_packets_flow_max = 64;    // and of one flow
  std::uint32_t first_bytes_max = 65'536;      // bytes of one flow
  std::uint32_t stream_chunks_max = 65'536;    // chunks of tcp::ChunkPool
  std::uint32_t memo_bytes_max = 32'768;       // out-of-order server bytes kept for one FlowMemo
  std::uint32_t memos_bytes_max = 16U << 20U;  // and for all of them
  std::size_t spoken_bytes_max = 16U << 20U;   // kept by keep_passed beside handshakes, all flows together
  // Of one client address (IPv6: of its /64). 0: no limit.
  std::uint32_t client_adopted_max = 0;  // intercepted sessions
  std::uint32_t client_watched_max = 0;  // flows whose handshake or first bytes are watched
  AtLimit at_limit = AtLimit::kPass;
  LevelSettings levels;

  // Times.
  Duration hold = std::chrono::milliseconds(50);     // then an incomplete hello is adopted undecided
  Duration hold_gap = std::chrono::seconds(1);       // the same where not even the first byte has come
  Duration transitory = std::chrono::minutes(4);     // handshake unfinished (RFC 5382 REQ-5)
  Duration established = std::chrono::minutes(124);  // idle; 2 h 04 m (RFC 5382 REQ-5)
  Duration dialogue = std::chrono::minutes(10);      // silence before an upgrade (RFC 5321 §4.5.3.2: 5 min.)
  Duration closing = std::chrono::seconds(4);        // after both FINs or a RST
  Duration tombstone = std::chrono::seconds(60);     // after an adopted flow's end
  Duration evict_after =
      std::chrono::seconds(10);  // level red: a session that holds memory, and stands still

  std::vector<std::uint16_t> mtu;  // per segment: the largest IP packet both its ports take; absent: 1500
  tcp::EndpointSettings endpoint;  // for both legs
  bool keep_passed = false;        // frames of watched flows, to show them to the tools of a Detour
  FrameDetour* frames = nullptr;   // of what is no TCP flow's; not owned, outlives the engine; null: none
  Ledger* ledger = nullptr;        // not owned, outlives the engine; null: no crash recovery
};

/// Which of the flows of an earlier process an engine resets by itself: every `of`th, from `index` on.
struct OrphanShare {
  std::size_t index = 0;
  std::size_t of = 1;
};

/// Counted since construction, but for those named "now".
struct FlowCounters {
  ReasonCounters reasons;     // packets for frames that are only forwarded or dropped; flows for the rest
  std::uint64_t packets = 0;  // frames taken in
  std::uint64_t bytes = 0;
  std::uint64_t packets_forwarded = 0;
  std::uint64_t bytes_forwarded = 0;
  std::uint64_t packets_composed = 0;  // frames made by limpid
  std::uint64_t packets_dropped = 0;   // frames of terminated flows that were refused; see reasons
  std::uint64_t errors_consumed = 0;   // ICMP errors about segments that limpid's endpoints have sent
  std::uint64_t flows = 0;             // SYNs that opened a flow
  std::uint64_t flows_adopted = 0;
  std::uint64_t flows_forwarded = 0;
  std::uint64_t flows_dropped = 0;
  std::uint32_t now_watched = 0;
  std::uint32_t now_forwarded = 0;
  std::uint32_t now_adopted = 0;
  std::uint32_t now_tombstones = 0;
  std::uint32_t now_held_packets = 0;
  std::uint32_t now_memo_bytes = 0;  // out of order, for memos
  std::size_t now_spoken_bytes = 0;  // in frames, to be shown to tools
  std::uint32_t now_clients = 0;     // addresses that have watched flows or sessions, where they are limited
  std::uint64_t level_changes = 0;
  std::size_t buffers_max = 0;  // packet buffers that were free at rest, the reserve for forwarding left out
  Pressure pressure;
};

/// One flow, for the operator. Valid during the visit only.
struct FlowView {
  FlowFacts facts;
  FlowSummary summary;
  std::string_view client_leg;       // design's Na: "SYN_RCV", "EST", …; empty for forwarded flows
  std::string_view server_leg;       // Nb: "SYN_SENT", "EST", …; empty for forwarded flows
  const Session* session = nullptr;  // adopted flows
  const tcp::Endpoint* client_endpoint = nullptr;  // the same
  const tcp::Endpoint* server_endpoint = nullptr;
  const FlowMemo* memo = nullptr;  // forwarded flows, where the user gave one
};

class FlowEngine {
 public:
  /// All references outlive the engine.
  FlowEngine(const FlowEngineSettings& settings, FlowUser& user, PacketOutput& output, wire::PacketPool& pool,
             Random& random, Instant now);
  ~FlowEngine();
  FlowEngine(const FlowEngine&) = delete;
  FlowEngine& operator=(const FlowEngine&) = delete;

  /// Flows that were adopted when an earlier process died: all are answered with RST until they are gone, and
  /// the ends of this engine's share are reset though they say nothing. Call it once, before the first
  /// packet, with the entries of all workers: whose flows they are now is not known before they speak.
  void restore(std::span<const LedgerEntry> orphans, const OrphanShare& share, Instant now);

  void on_packet(wire::Packet packet, Arrival from, Instant now);
  /// After each burst: runs sessions with news, and sends what their endpoints have to send.
  void flush(Instant now);
  void run_timers(Instant now);
  /// When run_timers() or flush() wants to be called though nothing arrives; kNever if not.
  Instant next_deadline() const;

  /// From now on new flows are forwarded untracked; watched flows become forwarded ones.
  void stop(Instant now);
  /// No adopted flow is left.
  bool drained() const;
  /// The time to drain is over: every session is aborted. Their resets leave with the flush() inside.
  void abort_adopted(Instant now);
  /// Reports every flow that is left as closed. The last call; the engine then forwards everything.
  void close_all(Instant now);

  const FlowCounters& counters() const;
  const Pressure& pressure() const { return counters().pressure; }
  const tcp::ChunkPool& stream_memory() const;
  /// Visits flows, tombstones apart, a slice at a time: those of at most `records_max` records from `from` on
  /// (at first 0), fewer where `visit` says false. Returns where the next slice begins, kAllVisited at the
  /// end. Flows may come and go between slices: none is visited twice, and none that lives throughout is left
  /// out. `visit` must not call the engine.
  std::uint32_t visit_flows(std::uint32_t from, std::uint32_t records_max,
                            const std::function<bool(const FlowView&)>& visit) const;
  static constexpr std::uint32_t kAllVisited = 0xffffffffU;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

/// The same for both directions of a flow: which worker owns a frame. Frames without TCP or UDP ports are
/// spread by their addresses; frames without IP all hash to 0. Without ports all flows of two hosts are one.
enum class HashOf : std::uint8_t { kAddressesAndPorts, kAddresses };
std::uint32_t flow_hash(Bytes frame, std::uint64_t secret, HashOf what = HashOf::kAddressesAndPorts);

}  // namespace limpid::flow
