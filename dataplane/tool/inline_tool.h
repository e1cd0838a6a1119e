// InlineTool: a tool that stands in the plaintext's way, as one worker sees it: two ports, A towards its
// client side and B towards its server side (or, for segments that ToolTags says so of, the other way), and a
// Passage for each session that goes through it. The tool is whatever passes TCP from one port to the other:
// it may be a bridge or speak TCP itself, and delay, change, end or reset what passes. Addresses, ports, MAC
// addresses and VLAN tags are those of the flow, so it needs to know nothing of limpid; in front of them
// stands the tag of the flow's segment, where segments have one. Thread: the worker's. Frames of the tool's
// ports come in through on_packet(); nothing here reads a clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/duration_histogram.h"
#include "dataplane/base/port_map.h"
#include "dataplane/base/random.h"
#include "dataplane/base/reasons.h"
#include "dataplane/tcp/byte_stream.h"
#include "dataplane/tcp/chunk_pool.h"
#include "dataplane/tcp/endpoint_settings.h"
#include "dataplane/tool/health_monitor.h"
#include "dataplane/tool/packet_output.h"
#include "dataplane/tool/stream_comparison.h"
#include "dataplane/tool/tool_end.h"
#include "dataplane/tool/tool_side.h"
#include "dataplane/tool/tool_tags.h"
#include "dataplane/tool/transit_clock.h"
#include "dataplane/wire/header_template.h"
#include "dataplane/wire/packet.h"

namespace limpid::tool {

/// A cable and a box away, not an internet: losses are missed soon and the window need not grow slowly.
tcp::EndpointSettings tool_side_settings();

struct InlineToolSettings {
  tcp::EndpointSettings endpoint = tool_side_settings();
  std::uint16_t mtu = 1500;                     // of IP packets: the smaller of its two ports'
  Duration open_max = std::chrono::seconds(3);  // for a passage to open
  ToolTags tags{};                              // what tells segments apart on its wires
  PortMap ports{};                              // what it sees of servers' ports
  /// Frames with any ports come back to the worker of their flow: a passage may have others than its flow.
  bool ports_change = false;
};

/// Counted since construction, but for those named "now". Bytes of passages are plaintext.
struct InlineToolCounters {
  std::uint64_t passages = 0;
  std::uint64_t now_passages = 0;
  std::uint64_t opened = 0;
  std::uint64_t unreachable = 0;  // did not open in time
  std::uint64_t resets = 0;       // by the tool, before or after opening
  std::uint64_t timeouts = 0;     // opened, and then acknowledged nothing
  std::uint64_t bytes_in = 0;     // sent into it, both directions, each byte once
  std::uint64_t bytes_out = 0;    // that came out of it
  std::uint64_t frames_received = 0;
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_foreign = 0;  // of no passage or flow: dropped, or answered with RST
  std::uint64_t modified = 0;        // sessions of which a stream came out other than it went in
  std::uint64_t flows = 0;           // that are not decrypted and go through it packet by packet
  std::uint64_t now_flows = 0;
  std::uint64_t flow_frames_in = 0;  // of these flows, and of what is not TCP
  std::uint64_t flow_frames_out = 0;
  std::uint64_t flow_bytes_in = 0;  // whole frames
  std::uint64_t flow_bytes_out = 0;
  Duration opening{};         // all openings together
  DurationHistogram transit;  // of bytes through the tool
  DurationHistogram own;      // what limpid took for the same bytes, before and after

  void add(const InlineToolCounters& other);
};

class InlineTool;

/// Takes the frames of one TCP connection that come out of a tool, without the tag of its segment. For all
/// takers side A is where the clients of their segment are, whatever ToolTags makes of that on the wires.
class FrameTaker {
 public:
  virtual ~FrameTaker() = default;
  /// `view` is of the packet's bytes; its checksums have not been looked at.
  virtual void on_frame(wire::Packet packet, const wire::PacketView& view, ToolSide from, Instant now) = 0;
  /// The tool has been found to be down. It must not let go of the tool before this has returned.
  virtual void on_tool_down() = 0;
  /// The tool has plaintext of it that is no network's.
  virtual bool secret() const = 0;
};

/// Takes what comes out of a tool and is not TCP.
class OtherFrameTaker {
 public:
  virtual ~OtherFrameTaker() = default;
  /// `segment`: that the frame belongs to, as far as the tool's wires tell (ToolTags::known_as).
  virtual void on_other_frame(wire::Packet packet, ToolSide from, std::uint16_t segment) = 0;
};

/// One session's way through one tool: Ta (a) and Tb (b). Ta speaks at side A, but for a client at the server
/// side of its segment at side B: no host must be seen at both sides of a tool. The client's plaintext is
/// written to a() and read from b(), the server's the other way. Made by InlineTool::open(); its end without
/// both streams having ended by themselves resets them.
class Passage final : public FrameTaker {
 public:
  ~Passage() override;
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;

  /// Both connections are established: a() and b() may be used.
  bool open() const { return a_.open() && b_.open(); }
  tcp::ByteStream& a() { return a_.endpoint(); }
  tcp::ByteStream& b() { return b_.endpoint(); }
  /// tool_unreachable, tool_reset, tool_timeout; Reason::none while it works.
  Reason failure() const;
  /// The tool has been found to be down since the passage began. The connections may still be there, and come
  /// to life again with the tool.
  bool tool_down() const { return tool_down_; }
  /// RST to the tool on both connections; leaves with service().
  void abort();
  /// Nothing is left to send or to wait for.
  bool over() const { return a_.over() && b_.over(); }

  /// To be called whenever the streams were used or deadline() has passed: timers, then what is to be sent.
  void service(Instant now);
  Instant deadline() const;

  /// In the operator's notation: Ta and Tb.
  std::string_view state_a() const { return a_.state(); }
  std::string_view state_b() const { return b_.state(); }
  std::size_t chunks() const { return a_.chunks() + b_.chunks(); }

  /// What is written at a() is told here, as is what is read at b(); and the server's, the other way.
  StreamComparison& from_client() { return from_client_; }
  StreamComparison& from_server() { return from_server_; }

 private:
  friend class InlineTool;

  Passage(InlineTool& tool, const FlowFacts& flow, bool from_client_side, std::function<void()> wake,
          tcp::ChunkPool& memory, Instant now);
  FlowFacts name() const;
  void on_frame(wire::Packet packet, const wire::PacketView& view, ToolSide from, Instant now) override;
  void on_tool_down() override;
  bool secret() const override { return true; }
  void note(Instant now);
  void measure(TransitClock& clock, std::uint64_t in, std::uint64_t out, Instant now);
  void note_modified();
  bool resets_itself() const;

  InlineTool& tool_;
  FlowFacts flow_;
  ToolSide ta_at_;
  std::function<void()> wake_;
  ToolEnd a_;
  ToolEnd b_;
  Instant began_;
  Instant last_;  // service()
  Instant give_up_at_;
  StreamComparison from_client_;
  StreamComparison from_server_;
  TransitClock transit_a_;  // what Ta puts in
  TransitClock transit_b_;
  std::uint64_t counted_in_ = 0;
  std::uint64_t counted_out_ = 0;
  bool registered_ = false;
  bool unreachable_ = false;
  bool failure_counted_ = false;
  bool tool_down_ = false;
  bool modified_counted_ = false;
};

/// What a session brings to open a passage.
struct PassageRequest {
  FlowFacts flow;
  const wire::HeaderTemplate& client;  // as the client speaks to the server
  const wire::HeaderTemplate& server;  // as the server speaks to the client
  tcp::ChunkPool& memory;              // outlives the passage
  std::function<void()> wake;          // a frame has come: service() and the streams want to be looked at
  const PortMap* ports = nullptr;      // instead of the tool's own; looked at by open() alone
  bool from_client_side = true;        // the flow's client is at the client side of its segment
};

class InlineTool {
 public:
  /// All references outlive the tool, and the tool its passages.
  InlineTool(const InlineToolSettings& settings, wire::PacketPool& packets, Random& random,
             PacketOutput& side_a, PacketOutput& side_b);
  ~InlineTool();
  InlineTool(const InlineTool&) = delete;
  InlineTool& operator=(const InlineTool&) = delete;

  /// A second passage of the same addresses, ports and VLAN (two segments that carry the same flow, and have
  /// no tags of their own here; two flows of one client, of which a port map makes one) could not be told
  /// from the first one: where ports may change it has another client port on the tool's wires, else it is
  /// unreachable at once.
  std::unique_ptr<Passage> open(PassageRequest request, Instant now);
  void on_packet(wire::Packet packet, ToolSide from, Instant now);

  /// A flow that goes through packet by packet: what comes out of it goes to the taker, until leave(). False
  /// where another one has the same name here, as with open(). The client is the end towards side A.
  bool enter(const FlowFacts& flow, FrameTaker& taker);
  void leave(const FlowFacts& flow);
  /// Whoever takes what is not TCP; one at most. It outlives the tool's packets.
  void take_others(OtherFrameTaker& taker) { others_ = &taker; }
  /// A frame as it is, but for the tag of its segment.
  void put_in(std::uint16_t segment, ToolSide at, wire::Packet packet);
  /// A copy of it. False: no buffer, or no room at the port.
  bool put_in(std::uint16_t segment, ToolSide at, Bytes frame);
  /// For takers: it came out, and is theirs.
  void note_out(std::size_t bytes) {
    ++counters_.flow_frames_out;
    counters_.flow_bytes_out += bytes;
  }
  void note_reset() { ++counters_.resets; }
  void note_unreachable() { ++counters_.unreachable; }
  Duration open_max() const { return settings_.open_max; }

  /// The tool's health: on the board, which outlives the tool; heartbeats that come back are noted there.
  /// Before any packet.
  void watch(HealthBoard& board, const HeartbeatFrames& heartbeats);
  /// This worker is the one that sends the heartbeats and judges. After watch().
  void judge(const HealthMonitorSettings& settings, Instant now);
  /// To be called with every burst, and when deadline() has passed. Whether there was anything to do.
  bool run(Instant now);
  Instant deadline() const { return monitor_ ? monitor_->deadline() : kNever; }
  /// Where this worker judges: the carrier of both ports, as the control thread has seen it.
  void on_link(bool up, Instant now) {
    if (monitor_) monitor_->on_link(up, now);
  }
  const InlineToolCounters& counters() const { return counters_; }

 private:
  friend class Passage;
  struct Hash {
    std::uint64_t secret;
    std::size_t operator()(const FlowFacts& flow) const;
  };
  /// Counts what leaves.
  class Output final : public PacketOutput {
   public:
    Output(PacketOutput& port, std::uint64_t& sent) : port_(port), sent_(sent) {}
    bool send(Bytes frame) override;
    void send(wire::Packet packet) override;

   private:
    PacketOutput& port_;
    std::uint64_t& sent_;
  };

  /// The two ends of a segment's passages: Ta and Tb.
  struct Ends {
    ToolEndSurroundings a;
    ToolEndSurroundings b;
  };
  std::vector<Ends> make_ends();
  const ToolEndSurroundings& end(std::uint16_t segment, ToolSide side) const;
  bool enter(Passage& passage);
  void leave(const Passage& passage);
  FlowFacts as_named_here(FlowFacts flow) const;
  static FlowFacts flow_of(const wire::PacketView& view, ToolSide from, std::uint16_t segment);
  void on_other(wire::Packet packet, ToolSide from, std::uint16_t segment);
  bool betrays(Bytes frame, std::uint16_t segment) const;
  bool is_secret(const FlowFacts& name) const;
  bool note_heartbeat(Bytes frame, ToolSide from);
  bool notice_failure();
  void end_loop(Instant now);
  void answer_foreign(const wire::PacketView& view, const ToolEndSurroundings& end);

  InlineToolSettings settings_;
  wire::PacketPool& packets_;
  tcp::InitialNumbers numbers_;
  InlineToolCounters counters_;
  Output output_a_;
  Output output_b_;
  std::vector<Ends> ends_;  // by segment, as far as the wires tell it
  std::unordered_map<FlowFacts, FrameTaker*, Hash> takers_;
  std::unordered_map<FlowFacts, std::uint32_t, Hash> secret_hosts_;  // passages between two hosts
  OtherFrameTaker* others_ = nullptr;
  HealthBoard* board_ = nullptr;
  std::optional<HeartbeatFrames> heartbeats_;
  std::optional<HealthMonitor> monitor_;
  std::uint64_t failures_seen_ = 0;
  std::vector<TransitClock*> went_in_;  // in this loop
  std::vector<Duration> came_out_;      // in this loop: what limpid took for them when they went in
  Instant loop_began_{};
};

}  // namespace limpid::tool
