// A flow's first packet: the user is asked, and a candidate's SYN is made such that the flow can be taken
// over.
#include <optional>
#include <utility>

#include "dataplane/flow/flow_core.h"
#include "dataplane/wire/syn_editor.h"

namespace limpid::flow {

namespace {

/// Why a SYN or SYN-ACK speaks against a take-over; Reason::none: it does not.
Reason objection(const std::optional<wire::TcpOptions>& options) {
  if (!options) return Reason::frame_malformed;
  if (options->signature) return Reason::tcp_signature;
  if (options->multipath_join) return Reason::multipath_join;
  return options->mss.value_or(kMssMin) < kMssMin ? Reason::mss_too_small : Reason::none;
}

}  // namespace

void FlowEngine::Core::on_unknown(Incoming& in) {
  if (in.opens_flow() && !stopped_) return open(in);
  if (!in.opens_flow()) counters_.reasons.count(Reason::mid_stream);
  forward(std::move(in.packet), in.from);
}

/// A new SYN on a tuple that is known already: the old flow is over.
void FlowEngine::Core::open_again(std::uint32_t flow, Incoming& in) {
  close(flow, Reason::none, in.now);
  on_unknown(in);
}

void FlowEngine::Core::open(Incoming& in) {
  const std::uint32_t flow = new_record(in);
  if (flow == kNoFlow) {
    counters_.reasons.count(Reason::flow_table_full);
    return open_untracked(in);
  }
  ++counters_.flows;
  FlowRecord& at = record(flow);
  note_traffic(at, true, in);
  SynAdvice advice = user_.on_syn(at.facts(), in.now);
  switch (advice.disposition) {
    case Disposition::kForward:
      give_up(flow, advice.reason, std::move(advice.memo), in.now);
      return pass_on(flow, in);
    case Disposition::kDrop:
      at.memo = std::move(advice.memo);
      return drop(flow, advice.reason, in);
    case Disposition::kWatch:
    case Disposition::kTerminate:
      return open_candidate(flow, in, std::move(advice));
  }
}

void FlowEngine::Core::open_candidate(std::uint32_t flow, Incoming& in, SynAdvice advice) {
  const std::optional<wire::TcpOptions> options = wire::parse_tcp_options(in.view.option_bytes());
  const Reason reason = objection(options);
  // Text on an unedited SYN would be let past before it can be judged.
  if (reason != Reason::none || (!advice.intercept && in.view.payload_size() != 0)) {
    give_up_unwatched(flow, reason, advice.dialogue.get(), in.now);
    return pass_on(flow, in);
  }
  if (const Reason limit = limit_of_watch(flow, in.now); limit != Reason::none)
    return refuse_watch(flow, limit, advice.intercept, in);
  record(flow).watch = std::make_unique<Watch>(in.view, *options, in.now);
  record(flow).watch->intercept = advice.intercept;
  record(flow).watch->dialogue = std::move(advice.dialogue);
  pass_edited_syn(flow, in);
}

/// Also for its retransmissions. Data on it (RFC 7413) stays behind: the client sends it again after the
/// SYN-ACK, and it is held then.
void FlowEngine::Core::pass_edited_syn(std::uint32_t flow, Incoming& in) {
  const std::uint16_t mss = mss_max(record(flow));
  Watch& watch = *record(flow).watch;
  if (!watch.intercept || in.view.payload_size() == 0) {
    if (watch.intercept) wire::edit_syn(in.packet.bytes(), in.view, mss);
    keep_handshake_frame(watch, in.view);
    return forward(std::move(in.packet), in.from);
  }
  wire::Packet bare = wire::copy_without_payload(pool_, in.view);
  if (!bare) return counters_.reasons.count(Reason::packet_pool_exhausted);
  const Result<wire::PacketView, Reason> view = wire::parse(bare.bytes());
  wire::edit_syn(bare.bytes(), *view, mss);
  keep_handshake_frame(watch, *view);
  forward(std::move(bare), in.from);
}

/// It is answered with RST, now and for a while.
void FlowEngine::Core::drop(std::uint32_t flow, Reason reason, Incoming& in) {
  record(flow).reason = reason;
  if (reason != Reason::none) counters_.reasons.count(reason);
  ++counters_.flows_dropped;
  refuse(flow, in);
}

/// Policy, or a limit, refused the flow: its SYN, and whatever else comes, is answered with RST.
void FlowEngine::Core::refuse(std::uint32_t flow, Incoming& in) {
  FlowRecord& at = record(flow);
  const bool another = in.opens_flow() && at.state == FlowState::kDropped &&
                       !(at.from_client(in.tuple.from_low) && in.view.seq == at.first_sequence);
  if (another) return open_again(flow, in);
  if (drop_damaged(in)) return;
  enter(flow, FlowState::kDropped);
  report(flow, Reason::none, in.now);
  answer_reset(in);
}

}  // namespace limpid::flow
