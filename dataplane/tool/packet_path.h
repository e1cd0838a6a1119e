// PacketPath: the way of one flow that is not decrypted through the inline tools of its rule, packet by
// packet: what the flow engine knows as a Detour. Whatever comes from the client side of the segment goes
// into the first tool at side A, and what comes out at side B into the next; out of the last it is the flow's
// again. The opposite way for what comes from the server side. Frames stay as they are.
//
//   client side -> A tool B -> A tool B -> server side
//
// Where frames of the flow have gone past the tools, its handshake and what was said in a dialogue, copies of
// them are put through first, one at a time, and taken back where they come out. Owned by the flow's memo;
// the thread of its worker; reads no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "dataplane/flow/detour.h"
#include "dataplane/tool/inline_tool.h"
#include "dataplane/tool/tool_group.h"
#include "dataplane/wire/packet.h"

namespace limpid::tool {

class PacketPath final : public flow::Detour {
 public:
  /// What a rule names.
  struct Stage {
    ToolGroup* group = nullptr;  // outlives the path, as do its tools
    std::uint16_t number = 0;    // in the configuration
  };

  PacketPath(const FlowFacts& flow, const std::vector<Stage>& stages);
  ~PacketPath() override;
  PacketPath(const PacketPath&) = delete;
  PacketPath& operator=(const PacketPath&) = delete;

  // --- flow::Detour ---
  void begin(flow::DetourHost& host, bool from_client_side, Instant now) override;
  void replay(flow::PassedFrames frames, Instant now) override;
  State state() const override { return state_; }
  Reason reason() const override { return reason_; }
  void carry(wire::Packet packet, const wire::PacketView& view, bool from_client) override;
  Instant deadline() const override;
  void run(Instant now) override;

  /// The numbers of what the flow goes through.
  std::vector<std::uint16_t> numbers() const;
  /// Why it goes past a tool, where it does: tool_bypassed, tool_out_of_service, tool_bypass_network.
  Reason remark() const { return remark_; }

 private:
  /// One tool of the path.
  class Crossing final : public FrameTaker {
   public:
    Crossing(PacketPath& path, const Stage& stage, std::size_t at) : place(at), path_(path), stage_(stage) {}
    ~Crossing() override { leave(); }
    Crossing(const Crossing&) = delete;
    Crossing& operator=(const Crossing&) = delete;

    /// The flow goes through a tool of the group that was not tried yet. False: there is none.
    bool enter();
    void leave();
    void on_frame(wire::Packet packet, const wire::PacketView& view, ToolSide from, Instant now) override;
    void on_tool_down() override;
    bool secret() const override { return false; }

    const Stage& stage() const { return stage_; }
    InlineTool& tool() { return *tool_; }
    /// In enter(), all the tools that were left had another flow of this name.
    bool taken() const { return taken_; }

    std::size_t place;
    bool down = false;

   private:
    PacketPath& path_;
    Stage stage_;
    ToolGroup::Tried tried_ = 0;
    InlineTool* tool_ = nullptr;
    bool taken_ = false;
  };

  /// A frame that is shown, as it is known again, and how many copies of it are in the tools.
  struct Mark {
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::uint32_t text = 0;  // bytes
    std::uint8_t flags = 0;
    std::uint8_t under_way = 0;
    bool from_client = false;

    static Mark of(const wire::PacketView& view, bool from_client);
    bool is_of(const Mark& other) const;
  };
  struct Replay {
    explicit Replay(flow::SpokenFrames said) : spoken(std::move(said)) {}

    std::vector<std::vector<std::byte>> handshake;
    flow::SpokenFrames spoken;
    std::vector<Bytes> frames;  // of these, in their order; each has its mark
    std::size_t step = 0;
    std::size_t place = 0;  // of the tool that has it, as far as is known
    Duration pause{};
    Instant again_at{};
    Instant give_up_at{};
  };

  bool seat(std::size_t place, Reason how);
  void do_without(std::size_t place, Reason how);
  void end(State state, Reason reason);

  /// Which way a frame of that end goes through the tools: in at A and out at B, or not.
  bool towards_b(bool from_client) const { return from_client == from_client_side_; }
  std::size_t entry(bool to_b) const { return to_b ? 0 : crossings_.size() - 1; }
  std::size_t exit(bool to_b) const { return entry(!to_b); }
  void came_out(Crossing& crossing, wire::Packet packet, const wire::PacketView& view, ToolSide from,
                Instant now);
  void replayed(const Crossing& crossing, wire::Packet packet, const wire::PacketView& view, bool to_b,
                Instant now);
  Mark* find_mark(const wire::PacketView& view, bool from_client);

  void show_later(Bytes frame, bool from_client);
  bool awaited(std::size_t step) const;
  void show(std::size_t step, Instant now);
  bool send(std::size_t step);
  void send_again(Instant now);
  void end_step(Instant now);
  void fail_over(Instant now);

  FlowFacts flow_;
  std::vector<std::unique_ptr<Crossing>> crossings_;  // from the segment's client side
  flow::DetourHost* host_ = nullptr;
  std::unique_ptr<Replay> replay_;
  std::vector<Mark> marks_;  // of what is shown, in its order; afterwards of what has not come out yet
  State state_ = State::kThrough;
  Reason reason_ = Reason::none;
  Reason remark_ = Reason::none;
  bool from_client_side_ = true;
  bool reset_seen_ = false;  // by whomever
};

}  // namespace limpid::tool
