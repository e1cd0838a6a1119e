// DetouredFlow: what the engine keeps of a forwarded flow whose packets go through tools: those that wait
// while the tools are shown its handshake, and what tells a reset that ends the flow from one that does not.
// Exists beside the FlowRecord of such flows only. Thread: the worker's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/flow/detour.h"
#include "dataplane/wire/packet.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::flow {

/// The engine, as a detoured flow sees it.
class DetourOutput {
 public:
  virtual ~DetourOutput() = default;
  virtual void leave(std::uint32_t flow, wire::Packet packet, const wire::PacketView& view,
                     bool from_client) = 0;
  /// Brings the flow to its detour's run() after this burst.
  virtual void queue_detour(std::uint32_t flow) = 0;
};

/// Came while its flow's handshake was shown to the tools.
struct WaitingPacket {
  wire::Packet packet;
  wire::PacketView view;  // of the packet's own bytes, which stay where they are
  bool from_client = false;
};

class DetouredFlow final : public DetourHost {
 public:
  DetouredFlow(DetourOutput& output, std::uint32_t flow, Detour& detour)
      : output_(output), flow_(flow), detour_(detour) {}

  Detour& detour() { return detour_; }
  const Detour& detour() const { return detour_; }

  // DetourHost
  void deliver(wire::Packet packet, const wire::PacketView& view, bool from_client) override {
    output_.leave(flow_, std::move(packet), view, from_client);
  }
  void on_detour_news() override {
    if (!std::exchange(queued, true)) output_.queue_detour(flow_);
  }

  std::vector<WaitingPacket>& waiting() { return waiting_; }
  /// The first by its number that came from this end, if any waits; null: none does.
  const WaitingPacket* first_waiting(bool from_client) const;

  /// What both ends expect next, as the handshake says.
  void expect(std::uint32_t of_client, std::uint32_t of_server) {
    expect_of(true, of_client);
    expect_of(false, of_server);
  }
  /// Every packet that is carried.
  void note(const wire::PacketView& view, bool from_client);
  enum class Belief : std::uint8_t {
    kNone,  // it is damaged, or a guess
    kMay,   // it stands behind what may still be on its way
    kMust,  // it stands where the other end expects the next byte (RFC 5961 §3.2)
  };
  /// What the other end makes of this end's RST.
  Belief belief_in(const wire::PacketView& rst, bool from_client) const;
  /// The FINs of both ends are acknowledged.
  bool finished() const { return finished_by(true) && finished_by(false); }

  bool queued = false;  // the engine's: waits for run()
  bool reset = false;   // a RST has passed that the other end must have believed
  /// The last packet was a RST that it may not have believed: how the flow has ended, if it has.
  Reason doubtful_reset = Reason::none;

 private:
  void expect_of(bool client, std::uint32_t next) {
    end(!client).acknowledged = next;
    end(!client).known = true;
  }
  struct End {
    std::uint32_t acknowledged = 0;  // by it: the number that it expects
    std::uint32_t end = 0;           // behind its FIN
    bool known = false;
    bool fin = false;
  };
  static void note_fin(const wire::PacketView& view, End& its, const End& other);
  bool finished_by(bool client) const {
    return end(client).fin && end(!client).known && end(!client).acknowledged == end(client).end;
  }
  End& end(bool client) { return ends_[client ? 0 : 1]; }
  const End& end(bool client) const { return ends_[client ? 0 : 1]; }

  DetourOutput& output_;
  std::uint32_t flow_;
  Detour& detour_;
  std::vector<WaitingPacket> waiting_;  // in order of arrival
  std::array<End, 2> ends_;
};

}  // namespace limpid::flow
