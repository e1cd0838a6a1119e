// A Detour that a test plays by hand: it keeps what goes in, and the test says what comes out and when.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "dataplane/flow/flow_user.h"
#include "tests/support/frames.h"
#include "tests/support/memory_packets.h"

namespace limpid::flow {

/// What has become of the detour of one flow; outlives it.
struct DetourScript {
  struct Carried {
    frames::Frame frame;
    bool from_client = false;
  };

  Detour::State state = Detour::State::kThrough;  // as the tools are
  bool replays = true;                            // waits where it is shown a handshake
  Reason reason = Reason::none;
  Instant deadline = kNever;

  DetourHost* host = nullptr;  // null: has not begun, or is gone
  bool from_client_side = false;
  std::vector<PassedFrames> shown;
  std::vector<Carried> carried;
  int runs = 0;
  bool dropped = false;  // before it began

  void turn(Detour::State to, Reason why = Reason::none) {
    state = to;
    reason = why;
    host->on_detour_news();
  }
  void let_out(wire::MemoryPacketPool& pool, const frames::Frame& frame, bool from_client) const {
    wire::Packet packet = pool.packet(frame);
    const auto view = wire::parse(packet.bytes());
    host->deliver(std::move(packet), *view, from_client);
  }
};

class ScriptedDetour final : public Detour {
 public:
  explicit ScriptedDetour(DetourScript& script) : script_(script) {}
  ~ScriptedDetour() override { script_.host = nullptr; }
  ScriptedDetour(const ScriptedDetour&) = delete;
  ScriptedDetour& operator=(const ScriptedDetour&) = delete;

  void begin(DetourHost& host, bool from_client_side, Instant /*now*/) override {
    script_.host = &host;
    script_.from_client_side = from_client_side;
  }
  void replay(PassedFrames frames, Instant /*now*/) override {
    script_.shown.push_back(std::move(frames));
    if (script_.replays) script_.state = State::kReplaying;
  }
  State state() const override { return script_.state; }
  Reason reason() const override { return script_.reason; }
  void carry(wire::Packet packet, const wire::PacketView& /*view*/, bool from_client) override {
    script_.carried.push_back({frames::Frame(packet.bytes().begin(), packet.bytes().end()), from_client});
  }
  Instant deadline() const override { return script_.deadline; }
  void run(Instant now) override {
    ++script_.runs;
    if (script_.deadline <= now) script_.deadline = kNever;
  }

 private:
  DetourScript& script_;
};

class DetourMemo final : public FlowMemo {
 public:
  explicit DetourMemo(DetourScript& script) : script_(script), detour_(script) {}
  bool on_server_bytes(Bytes /*bytes*/) override { return false; }
  Detour* detour() override { return &detour_; }
  void drop_detour() override { script_.dropped = true; }

 private:
  DetourScript& script_;
  ScriptedDetour detour_;
};

}  // namespace limpid::flow
