// The engine's inside, for the files of this folder alone. Its methods lie where their stage of a flow's life
// is: flow_core.cc (records, expiry), open_flow.cc (SYN), watch_flow.cc (handshake), dialogue.cc (what is
// said in the clear before an upgrade), first_bytes.cc (hold, judge), adopt.cc (endpoints, tombstones),
// detour_flow.cc (through tools), limits.cc. flow_engine.cc is the table of contents.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/flow/client_table.h"
#include "dataplane/flow/flow_engine.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/level.h"
#include "dataplane/flow/timer_wheel.h"
#include "dataplane/wire/packet.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::flow {

/// A TCP segment that came in, and whose it is.
struct Incoming {
  wire::Packet packet;
  wire::PacketView view;  // of packet's bytes
  Arrival from;
  Instant now{};
  KeyOfPacket tuple;
  std::uint32_t hash = 0;

  bool has(std::uint8_t flag) const { return (view.flags & flag) != 0; }
  bool opens_flow() const;  // SYN, and none of ACK, FIN, RST
  /// At `offset` of a stream whose first byte nobody has let pass: text, or what has overtaken it.
  bool tells_of_text(std::int32_t offset) const;
};

class FlowEngine::Core final : public SegmentOutput, public ServiceQueue, public DetourOutput {
 public:
  Core(const FlowEngineSettings& settings, FlowUser& user, PacketOutput& output, wire::PacketPool& pool,
       Random& random, Instant now);
  ~Core() override = default;
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  void restore(std::span<const LedgerEntry> orphans, const OrphanShare& share, Instant now);
  void on_packet(wire::Packet packet, Arrival from, Instant now);
  void flush(Instant now);
  void run_timers(Instant now);
  Instant next_deadline() const;
  void stop(Instant now);
  bool drained() const { return counters_.now_adopted == 0; }
  void abort_adopted(Instant now);
  void close_all(Instant now);
  const FlowCounters& counters() const { return counters_; }
  const tcp::ChunkPool& stream_memory() const { return chunks_; }
  std::uint32_t visit_flows(std::uint32_t from, std::uint32_t records_max,
                            const std::function<bool(const FlowView&)>& visit) const;

  // SegmentOutput: for adopted flows
  bool send(std::uint16_t segment, Side to, wire::HeaderTemplate& headers,
            const tcp::SegmentOut& out) override;

  // DetourOutput: for flows that go through tools
  void leave(std::uint32_t flow, wire::Packet packet, const wire::PacketView& view,
             bool from_client) override;
  void queue_detour(std::uint32_t flow) override { detours_with_news_.push_back(flow); }

 private:
  // --- flow_core.cc ---
  FlowRecord& record(std::uint32_t flow) { return table_[flow]; }
  void enter(std::uint32_t flow, FlowState next);
  void count_state(const FlowRecord& at, FlowState state, int difference);
  void relist(std::uint32_t flow, FlowState next);
  void unlist(std::uint32_t flow);
  FlowList& list(ListNumber number) { return lists_[static_cast<std::size_t>(number) - 1]; }
  void forward(wire::Packet packet, Arrival from);
  void note_traffic(FlowRecord& record, bool from_client, const Incoming& in);
  /// A free record, an evicted one if need be; kNoFlow where every flow is established.
  std::uint32_t new_record(const Incoming& in);
  bool evict_oldest(Instant now);
  void close(std::uint32_t flow, Reason reason, Instant now);
  void report(std::uint32_t flow, Reason reason, Instant now);
  FlowSummary summary_of(const FlowRecord& record) const;
  FlowView view_of(const FlowRecord& record) const;
  Duration patience_with(const FlowRecord& record) const;
  static bool seems_over(const FlowRecord& record);
  Instant expiry_of(const FlowRecord& record) const;
  static Instant detour_deadline(const FlowRecord& record);
  static bool ends_in_doubt(const FlowRecord& record);
  void bury(std::uint32_t flow, Instant now);
  void on_deadline(std::uint32_t flow, Instant now);
  std::uint16_t mss_max(const FlowRecord& record) const;

  // --- open_flow.cc ---
  void on_unknown(Incoming& in);
  void open(Incoming& in);
  void open_candidate(std::uint32_t flow, Incoming& in, SynAdvice advice);
  void drop(std::uint32_t flow, Reason reason, Incoming& in);
  void refuse(std::uint32_t flow, Incoming& in);
  void pass_edited_syn(std::uint32_t flow, Incoming& in);
  void open_again(std::uint32_t flow, Incoming& in);

  // --- forwarded flows (flow_core.cc) ---
  void on_forwarded(std::uint32_t flow, Incoming& in);
  void read_server_bytes(FlowRecord& record, const wire::PacketView& view);
  void forget_server_bytes(FlowRecord& record);
  void on_forwarded_control(std::uint32_t flow, const Incoming& in, bool from_client);
  /// Gives a watched flow up: it is forwarded for ever, what was held first. Without a memo the user is
  /// asked, and policy may block it: it is kDropped then.
  void give_up(std::uint32_t flow, Reason reason, std::unique_ptr<FlowMemo> memo, Instant now);
  /// The same of one that never was watched. `dialogue`: that it would have begun with; null: none.
  void give_up_unwatched(std::uint32_t flow, Reason reason, Dialogue* dialogue, Instant now);
  /// `dialogue`: null where the user itself is asked.
  GivenUp ask_of_given_up(const FlowRecord& record, Dialogue* dialogue, Reason reason, Instant now);
  void let_go(std::uint32_t flow, Reason reason, GivenUp what, Instant now);
  void refuse_given_up(std::uint32_t flow, Reason reason, Instant now);

  /// The packet that the flow was given up at, or that comes later: straight across, or through its tools; or
  /// it is answered with RST.
  void pass_on(std::uint32_t flow, Incoming& in) {
    if (record(flow).detours) [[unlikely]]
      return carry(flow, in);
    if (record(flow).state == FlowState::kDropped) [[unlikely]]
      return refuse(flow, in);
    forward(std::move(in.packet), in.from);
  }

  // --- detour_flow.cc ---
  void carry(std::uint32_t flow, Incoming& in);
  void begin_detour(std::uint32_t flow, Detour& detour, std::unique_ptr<Watch> watch, Instant now);
  void end_by_tool(std::uint32_t flow, const wire::PacketView& rst, bool from_client);
  void keep_waiting(DetouredFlow& way, WaitingPacket packet);
  void follow_detour(std::uint32_t flow, Instant now);
  void run_detours(Instant now);
  void release_waiting(std::uint32_t flow);
  void cut(std::uint32_t flow, Instant now);
  void tell_of_cut(const FlowRecord& record, const WaitingPacket& first);
  void drop_waiting(FlowRecord& record);
  void forward_frame(wire::Packet packet, Arrival from);
  void keep_handshake_frame(Watch& watch, const wire::PacketView& view);
  void keep_spoken(Watch& watch, const wire::PacketView& view, bool from_client);
  PassedFrames* passed_frames(Watch& watch);
  void pass_spoken(std::uint32_t flow, const Incoming& in);

  // --- watch_flow.cc ---
  void on_watched(std::uint32_t flow, Incoming& in);
  static bool fits(const FlowRecord& at, const Incoming& in, bool from_client);
  void on_unusable(Incoming& in, bool from_client, Reason reason);
  void on_watched_syn(std::uint32_t flow, Incoming& in, bool from_client);
  void on_syn_ack(std::uint32_t flow, Incoming& in);
  void on_watched_reset(std::uint32_t flow, Incoming& in, bool from_client);
  void on_early_segment(std::uint32_t flow, Incoming& in, bool from_client);
  void on_open_client(std::uint32_t flow, Incoming& in);
  void on_open_server(std::uint32_t flow, Incoming& in);

  // --- dialogue.cc ---
  void on_dialogue(std::uint32_t flow, Incoming& in, bool from_client);
  void on_dialogue_client(std::uint32_t flow, Incoming& in);
  void on_dialogue_server(std::uint32_t flow, Incoming& in);
  void end_dialogue(std::uint32_t flow, Reason reason, Instant now);
  void on_dialogue_deadline(std::uint32_t flow, Instant now);
  void hear_client(std::uint32_t flow, Instant now);
  void release_heard(std::uint32_t flow, Instant now);
  /// False: the dialogue is over, and the frame with these bytes is not to be let past.
  bool hear_server(std::uint32_t flow, Bytes bytes, Instant now);
  /// Nothing that was let pass is unacknowledged.
  static bool settled(const FlowRecord& record) {
    return record.watch->dialogue == nullptr || record.watch->handshake.settled();
  }

  // --- first_bytes.cc ---
  void on_first_segment(std::uint32_t flow, Incoming& in);
  void on_held_client(std::uint32_t flow, Incoming& in);
  void on_held_client_reset(std::uint32_t flow, Incoming& in);
  void on_held_server(std::uint32_t flow, Incoming& in);
  void on_held_deadline(std::uint32_t flow, Instant now);
  void judge(std::uint32_t flow, Instant now);
  void adopt_undecided(std::uint32_t flow, Instant now);
  void reset_both(std::uint32_t flow, Reason reason, Instant now);
  /// The watch ends otherwise than by forwarding or adoption; what was held is dropped.
  void end_watch(std::uint32_t flow, FlowState next, Reason reason);
  /// What is held lies in buffers that frames come in with: the last of them are for forwarding.
  bool may_hold() const {
    return counters_.now_held_packets < settings_.held_packets_max && pool_.available() > 0;
  }
  std::unique_ptr<Hold> new_hold(std::uint32_t next, Instant since) const {
    return std::make_unique<Hold>(next, settings_.first_bytes_max, settings_.held_packets_flow_max, since);
  }
  void drop_hold(FlowRecord& record);

  // --- adopt.cc ---
  void adopt(std::uint32_t flow, std::unique_ptr<Session> session, Instant now);
  void on_adopted(std::uint32_t flow, Incoming& in);
  /// True where the error is about a segment of an adopted flow's endpoint: nobody else is to see it.
  bool on_icmp_error(const wire::IpView& packet, Arrival from);
  void queue_service(std::uint32_t flow) override;
  void service(std::uint32_t flow, Instant now);
  void end_adopted(std::uint32_t flow, Instant now);
  void on_tombstone(std::uint32_t flow, Incoming& in);
  bool restore_one(const LedgerEntry& entry, Instant first_reset, Instant now);
  void hear_orphan(std::uint32_t flow, const Incoming& in, bool from_client);
  void reset_orphan(std::uint32_t flow, Instant now);
  void end_orphan_if_over(std::uint32_t flow);
  void answer_reset(const Incoming& in);
  bool drop_damaged(const Incoming& in);

  // --- limits.cc ---
  bool limits_clients() const {
    return settings_.client_adopted_max != 0 || settings_.client_watched_max != 0;
  }
  static bool is_limit(Reason reason);
  Reason limit_of_client(const FlowRecord& record);
  Reason limit_of_watch(std::uint32_t flow, Instant now);
  Reason limit_of_adoption(const FlowRecord& record);
  void refuse_watch(std::uint32_t flow, Reason limit, bool intercept, Incoming& in);
  void refuse_adoption(std::uint32_t flow, Reason limit, Instant now);
  void open_untracked(Incoming& in);
  void look_at_memory(Instant now);
  void count_refused_chunks();
  void evict_sessions(Instant now);
  void hurry_sessions(Instant now);
  void list_session(std::uint32_t flow);

  FlowEngineSettings settings_;
  FlowUser& user_;
  PacketOutput& output_;
  wire::PacketPool& pool_;
  tcp::ChunkPool chunks_;
  FlowTable table_;
  ClientTable clients_;  // empty where clients are not limited
  TimerWheel timers_;
  std::array<FlowList, 4> lists_{FlowList{ListNumber::kOpening}, FlowList{ListNumber::kUnfinished},
                                 FlowList{ListNumber::kEnding}, FlowList{ListNumber::kSessions}};
  std::vector<std::uint32_t> waiting_;  // adopted flows that want service() after this burst
  std::vector<std::uint32_t> serving_;
  std::vector<std::uint32_t> detours_with_news_;
  std::vector<std::uint32_t> detours_served_;  // empty outside of run_detours()
  FlowCounters counters_;
  bool stopped_ = false;
  bool cut_short_ = false;  // some endpoint found no packet buffer: come again soon
  Instant flushed_{};
  LevelGauge gauge_;
  std::size_t refused_chunks_ = 0;  // counted so far
  Instant look_at_{};               // at memory, not before
  std::uint32_t looked_at_ = 0;     // the last record that was looked at for an idle session
};

}  // namespace limpid::flow
