#include "dataplane/tool/packet_path.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "dataplane/tcp/segment.h"
#include "dataplane/tool/repeat.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::tool {

namespace {

using std::chrono::milliseconds;

constexpr Duration kNoBufferPause = milliseconds(1);
constexpr std::uint8_t kControl = tcp::kSyn | tcp::kAck | tcp::kFin | tcp::kRst;

bool is_reset(const wire::PacketView& view) { return (view.flags & tcp::kRst) != 0; }

}  // namespace

// --- One tool -------------------------------------------------------------------------------------------

bool PacketPath::Crossing::enter() {
  taken_ = false;
  while (InlineTool* tool = stage_.group->choose(path_.flow_, tried_)) {
    if (tool->enter(path_.flow_, *this)) {
      tool_ = tool;
      down = false;
      return true;
    }
    tool->note_unreachable();
    taken_ = true;
  }
  return false;
}

void PacketPath::Crossing::leave() {
  if (InlineTool* tool = std::exchange(tool_, nullptr)) tool->leave(path_.flow_);
}

void PacketPath::Crossing::on_frame(wire::Packet packet, const wire::PacketView& view, ToolSide from,
                                    Instant now) {
  tool_->note_out(packet.size());
  path_.came_out(*this, std::move(packet), view, from, now);
}

void PacketPath::Crossing::on_tool_down() {
  down = true;
  path_.host_->on_detour_news();
}

// --- The path -------------------------------------------------------------------------------------------

PacketPath::PacketPath(const FlowFacts& flow, const std::vector<Stage>& stages) : flow_(flow) {
  for (const Stage& stage : stages)
    crossings_.push_back(std::make_unique<Crossing>(*this, stage, crossings_.size()));
}

PacketPath::~PacketPath() = default;

void PacketPath::begin(flow::DetourHost& host, bool from_client_side, Instant /*now*/) {
  host_ = &host;
  from_client_side_ = from_client_side;
  // To the tools the client is whoever is at side A.
  if (!from_client_side) std::swap(flow_.client, flow_.server);
  for (std::size_t place = 0; state_ == State::kThrough && place < crossings_.size();)
    place += static_cast<std::size_t>(seat(place, Reason::tool_down));
}

/// False: no tool of the group is left to try. The flow then goes without, or has come to its end.
bool PacketPath::seat(std::size_t place, Reason how) {
  Crossing& crossing = *crossings_[place];
  if (crossing.enter()) return true;
  do_without(place, crossing.taken() ? Reason::tool_unreachable : how);
  return false;
}

/// Nothing of the flow has gone into the tool yet.
void PacketPath::do_without(std::size_t place, Reason how) {
  ToolGroup& group = *crossings_[place]->stage().group;
  if (group.bypasses_network()) {
    remark_ = Reason::tool_bypass_network;
    return end(State::kPast, Reason::none);
  }
  const Reason without = group.do_without();
  if (without == Reason::none) return end(State::kReset, how);
  remark_ = without;
  crossings_.erase(crossings_.begin() + static_cast<std::ptrdiff_t>(place));
  for (std::size_t i = place; i < crossings_.size(); ++i) crossings_[i]->place = i;
  if (crossings_.empty()) end(State::kPast, Reason::none);
}

void PacketPath::end(State state, Reason reason) {
  state_ = state;
  reason_ = reason;
  // A flow that must not go on is still told by the names of its tools.
  for (const auto& each : crossings_) each->leave();
  if (state == State::kPast) crossings_.clear();
  replay_.reset();
}

std::vector<std::uint16_t> PacketPath::numbers() const {
  std::vector<std::uint16_t> numbers;
  for (const auto& crossing : crossings_) numbers.push_back(crossing->stage().number);
  return numbers;
}

// --- Packets --------------------------------------------------------------------------------------------

void PacketPath::carry(wire::Packet packet, const wire::PacketView& view, bool from_client) {
  reset_seen_ = reset_seen_ || is_reset(view);
  const bool to_b = towards_b(from_client);
  crossings_[entry(to_b)]->tool().put_in(flow_.segment, to_b ? ToolSide::kA : ToolSide::kB,
                                         std::move(packet));
}

void PacketPath::came_out(Crossing& crossing, wire::Packet packet, const wire::PacketView& view,
                          ToolSide from, Instant now) {
  const bool to_b = from == ToolSide::kB;
  const bool from_client = towards_b(true) == to_b;
  if (is_reset(view) && !std::exchange(reset_seen_, true)) crossing.tool().note_reset();
  if (state_ == State::kReplaying) return replayed(crossing, std::move(packet), view, to_b, now);
  if (state_ != State::kThrough) return;
  if (crossing.place != exit(to_b)) {
    const std::size_t next = to_b ? crossing.place + 1 : crossing.place - 1;
    return crossings_[next]->tool().put_in(flow_.segment, to_b ? ToolSide::kA : ToolSide::kB,
                                           std::move(packet));
  }
  Mark* mark = find_mark(view, from_client);
  if (mark != nullptr && mark->under_way > 0) {
    // A copy of ours: both ends have had the original.
    if (--mark->under_way == 0) marks_.erase(marks_.begin() + (mark - marks_.data()));
    return;
  }
  host_->deliver(std::move(packet), view, from_client);
}

PacketPath::Mark* PacketPath::find_mark(const wire::PacketView& view, bool from_client) {
  const Mark of = Mark::of(view, from_client);
  const auto found = std::ranges::find_if(marks_, [&of](const Mark& mark) { return of.is_of(mark); });
  return found == marks_.end() ? nullptr : &*found;
}

PacketPath::Mark PacketPath::Mark::of(const wire::PacketView& view, bool from_client) {
  return {.seq = view.seq,
          .ack = view.ack,
          .text = static_cast<std::uint32_t>(view.payload_size()),
          .flags = static_cast<std::uint8_t>(view.flags & kControl),
          .from_client = from_client};
}

/// A SYN acknowledges nothing: what stands there is anybody's.
bool PacketPath::Mark::is_of(const Mark& other) const {
  const bool same = from_client == other.from_client && flags == other.flags && seq == other.seq;
  return same && text == other.text && ((flags & tcp::kAck) == 0 || ack == other.ack);
}

// --- What has gone past the tools -------------------------------------------------------------------------

void PacketPath::replay(flow::PassedFrames frames, Instant now) {
  if (frames.syn.empty()) return;
  replay_ = std::make_unique<Replay>(std::move(frames.spoken));
  for (auto* const each : {&frames.syn, &frames.syn_ack, &frames.ack})
    replay_->handshake.push_back(std::move(*each));
  for (std::size_t i = 0; i < replay_->handshake.size(); ++i) show_later(replay_->handshake[i], i != 1);
  for (const auto& [frame, from_client] : replay_->spoken.all()) show_later(frame, from_client);
  if (marks_.empty()) return replay_.reset();
  state_ = State::kReplaying;
  show(0, now);
}

void PacketPath::show_later(Bytes frame, bool from_client) {
  const Result<wire::PacketView, Reason> view = wire::parse(frame);
  if (!view) return;  // there is none
  marks_.push_back(Mark::of(*view, from_client));
  replay_->frames.push_back(frame);
}

/// A bare acknowledgement is not: what follows says the same.
bool PacketPath::awaited(std::size_t step) const {
  const Mark& mark = marks_[step];
  return mark.text > 0 || (mark.flags & (tcp::kSyn | tcp::kFin)) != 0;
}

/// From one end of the path to the other.
void PacketPath::show(std::size_t step, Instant now) {
  replay_->step = step;
  replay_->place = entry(towards_b(marks_[step].from_client));
  replay_->pause = kRepeat;
  replay_->give_up_at = now + crossings_[replay_->place]->tool().open_max();
  send_again(now);
}

bool PacketPath::send(std::size_t step) {
  const bool to_b = towards_b(marks_[step].from_client);
  InlineTool& tool = crossings_[entry(to_b)]->tool();
  if (!tool.put_in(flow_.segment, to_b ? ToolSide::kA : ToolSide::kB, replay_->frames[step])) return false;
  ++marks_[step].under_way;
  return true;
}

void PacketPath::send_again(Instant now) {
  const bool sent = send(replay_->step);
  replay_->again_at = now + (sent ? replay_->pause : kNoBufferPause);
  if (sent) replay_->pause = std::min(2 * replay_->pause, kRepeatMax);
}

/// No end's packet is in the tools yet: what is not ours is a tool's own, and only its refusal matters.
void PacketPath::replayed(const Crossing& crossing, wire::Packet packet, const wire::PacketView& view,
                          bool to_b, Instant now) {
  if (is_reset(view)) {
    state_ = State::kReset;
    reason_ = Reason::tool_reset;
    return host_->on_detour_news();
  }
  Mark* mark = find_mark(view, to_b == towards_b(true));
  if (mark == nullptr) return;
  const bool awaited = mark == &marks_[replay_->step];
  if (crossing.place != exit(to_b)) {
    const std::size_t next = to_b ? crossing.place + 1 : crossing.place - 1;
    const bool farther = to_b ? next > replay_->place : next < replay_->place;
    if (awaited && farther) {
      replay_->place = next;
      replay_->give_up_at = now + crossings_[next]->tool().open_max();
    }
    return crossings_[next]->tool().put_in(flow_.segment, to_b ? ToolSide::kA : ToolSide::kB,
                                           std::move(packet));
  }
  if (mark->under_way > 0) --mark->under_way;
  if (awaited) end_step(now);
}

void PacketPath::end_step(Instant now) {
  std::size_t next = replay_->step + 1;
  for (; next < marks_.size() && !awaited(next); ++next) send(next);  // if there is a buffer for it
  if (next < marks_.size()) {
    show(next, now);
  } else {
    replay_.reset();
    state_ = State::kThrough;
    std::erase_if(marks_, [](const Mark& mark) { return mark.under_way == 0; });
  }
  host_->on_detour_news();
}

Instant PacketPath::deadline() const {
  return state_ == State::kReplaying ? std::min(replay_->again_at, replay_->give_up_at) : kNever;
}

void PacketPath::run(Instant now) {
  if (state_ == State::kThrough) {
    const bool lost = std::any_of(crossings_.begin(), crossings_.end(), [](const auto& crossing) {
      return crossing->down && crossing->stage().group->resets_open_sessions();
    });
    if (lost) end(State::kReset, Reason::tool_down);
  }
  if (state_ != State::kReplaying) return;
  const bool down =
      std::any_of(crossings_.begin(), crossings_.end(), [](const auto& crossing) { return crossing->down; });
  if (down || now >= replay_->give_up_at) return fail_over(now);
  if (now >= replay_->again_at) send_again(now);
}

/// An equal tool may do. It begins anew: those that have seen it see it once more.
void PacketPath::fail_over(Instant now) {
  const auto down =
      std::find_if(crossings_.begin(), crossings_.end(), [](const auto& each) { return each->down; });
  Crossing& crossing = down != crossings_.end() ? **down : *crossings_[replay_->place];
  const Reason how = crossing.down ? Reason::tool_down : Reason::tool_unreachable;
  if (how == Reason::tool_unreachable) crossing.tool().note_unreachable();
  crossing.leave();
  seat(crossing.place, how);
  if (state_ == State::kReplaying) show(0, now);
}

}  // namespace limpid::tool
