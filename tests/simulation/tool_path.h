// ToolPath: the tool side of a box run: the product's InlineTool with its two ports, a link from and to each
// of them, and the tool between. Observers judge what Ta sends in the client's name and Tb in the server's;
// of a flow that is not decrypted, that the tool is shown what was on the wires and nothing else.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>

#include "dataplane/flow/flow_user.h"
#include "dataplane/tool/group_status.h"
#include "dataplane/tool/health_board.h"
#include "dataplane/tool/inline_tool.h"
#include "dataplane/tool/tool_group.h"
#include "tests/simulation/leg_lint.h"
#include "tests/simulation/tool.h"

namespace limpid::simulation {

/// Each frame as it is sent. `port`: on which of the tool's links.
using WatchTool = std::function<void(ToolPort port, const RawFrame& frame, const Passage& passage)>;

/// What a ToolPath is put into.
struct ToolSurroundings {
  const Route& route;  // from the client to the server
  Stream from_client;
  Stream from_server;
  const LegLint& client;  // who knows how the ends speak
  const LegLint& server;
  wire::PacketPool& packets;
  std::function<wire::Packet(Bytes)> packet;  // as if it came from a port
  WatchTool watch;
  std::function<void()> opened;                    // a session goes through the tool
  std::function<bool()> may_break;                 // there is a reason for resets
  std::function<bool(const RawFrame&)> was_there;  // the frame has come to the box or left it
  std::uint16_t mss_max = 0;
  bool turned = false;  // the client is at the server side: Ta is at side B
};

class ToolPath {
 public:
  ToolPath(const ToolModel& model, ToolSurroundings with, Random& random, std::uint64_t seed, Instant now);
  ToolPath(const ToolPath&) = delete;
  ToolPath& operator=(const ToolPath&) = delete;
  ~ToolPath() = default;

  /// Hands over what has arrived, and lets the tool run.
  void run(Instant now);
  Instant deadline() const;

  // --- of the session ---
  std::unique_ptr<tool::Passage> open(tool::PassageRequest request, Instant now);
  /// The session is done with it. `broken`: not by the ends of both streams.
  void leave(bool broken);
  /// Both streams have ended, but the tool takes its time: its connections are reset.
  void lingers() { lingers_ = true; }
  /// `ask`: how much of what the session has written the tool has not acknowledged. Null: there is none.
  void ask_for_unacknowledged(std::function<std::size_t()> ask) { unacknowledged_ = std::move(ask); }
  std::size_t unacknowledged() const { return unacknowledged_ ? unacknowledged_() : 0; }
  bool opened() const { return opened_; }
  bool left() const { return left_; }
  bool broken() const { return broken_; }

  // --- of flows that are not decrypted ---
  /// The flow goes through the tool packet by packet: what the engine is to remember of it.
  std::unique_ptr<flow::FlowMemo> forward(const FlowFacts& facts);
  bool forwards() const { return forwards_; }
  bool came_out(const RawFrame& frame) const { return came_out_.contains(hash_of(frame)); }

  const Tool& tool() const { return *tool_; }
  const tool::InlineToolCounters& counters() const { return inline_tool_.counters(); }
  const std::optional<Complaint>& complaint() const { return complaint_; }
  std::string describe() const;

 private:
  using RawLink = LinkOf<RawFrame>;
  /// A port of the box, with the cables at it.
  class Port final : public tool::PacketOutput {
   public:
    Port(ToolPath& path, ToolPort number, const LinkModel& out, const LinkModel& in, std::uint64_t seed,
         LegLint observer, Instant now)
        : to_tool(out, seed + 1, now),
          from_tool(in, seed + 2, now),
          lint(std::move(observer)),
          path_(path),
          number_(number) {}
    bool send(Bytes frame) override;
    void send(wire::Packet packet) override { send(Bytes(packet.bytes())); }

    RawLink to_tool;
    RawLink from_tool;
    LegLint lint;
    Identity name;  // how that end spoke when the session was opened

   private:
    ToolPath& path_;
    ToolPort number_;
  };

  Port& port(ToolPort number) { return number == ToolPort::kTa ? a_ : b_; }
  void note(const std::optional<Complaint>& complaint, ToolPort port);
  std::optional<Complaint> judge(Port& at, const RawFrame& frame);
  void find_out_that_it_is_dead(Instant now);

  ToolSurroundings with_;
  Instant now_;
  std::unique_ptr<Tool> tool_;
  Port a_;
  Port b_;
  tool::InlineTool inline_tool_;
  std::optional<Complaint> complaint_{};
  std::function<std::size_t()> unacknowledged_;
  bool opened_ = false;
  bool lingers_ = false;
  bool left_ = false;
  bool broken_ = false;

  // --- of flows that are not decrypted ---
  tool::HealthBoard board_;
  tool::GroupStatus status_;
  tool::ToolGroup group_;
  std::unordered_set<std::size_t> came_out_;  // hashes
  Instant dead_known_at_ = kNever;
  bool forwards_ = false;
};

}  // namespace limpid::simulation
