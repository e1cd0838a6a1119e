// ToolEnd: one of the two connections that limpid keeps through an inline tool. Ta opens it as the client
// would, Tb answers as the server would; from then on it is a tcp::Endpoint. Segments go in, frames come out
// of flush(). A part of Passage, and as that on the worker's thread; reads no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "dataplane/tcp/chunk_pool.h"
#include "dataplane/tcp/endpoint.h"
#include "dataplane/tcp/initial_numbers.h"
#include "dataplane/tcp/segment.h"
#include "dataplane/tool/packet_output.h"
#include "dataplane/tool/tool_tags.h"
#include "dataplane/wire/header_template.h"
#include "dataplane/wire/packet.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::tool {

/// What the same ends of all passages of one tool and segment work with. All of it outlives them.
struct ToolEndSurroundings {
  const tcp::EndpointSettings& settings;
  wire::PacketPool& packets;
  const tcp::InitialNumbers& numbers;
  PacketOutput& output;
  std::uint16_t mtu = 1500;  // IP packets, both ports of the tool
  const ToolTags& tags;
  std::uint16_t segment = 0;

  /// With the segment's tag. False: there was no buffer for the frame.
  bool send(wire::Packet packet) const {
    if (!packet || !tags.push(packet, segment)) return false;
    output.send(std::move(packet));
    return true;
  }
};

class ToolEnd final : private tcp::SegmentSink {
 public:
  ToolEnd(const ToolEndSurroundings& with, tcp::ChunkPool& memory) : with_(with), memory_(memory) {}
  ToolEnd(const ToolEnd&) = delete;
  ToolEnd& operator=(const ToolEnd&) = delete;
  ~ToolEnd() override = default;

  /// Ta: a SYN as the client, whose headers these are, goes out with the next flush().
  void connect(const wire::HeaderTemplate& client, Instant now);
  /// Tb: answers the SYN that comes, in the manner of the server (its TTL and DSCP).
  void listen(const wire::HeaderTemplate& server) { server_ = server.manner(); }

  /// Checksums are right. The answer leaves with flush().
  void on_segment(const wire::PacketView& view, Instant now);
  /// Timers that are due, then everything that is to be sent.
  void flush(Instant now);
  Instant deadline() const;

  bool open() const { return endpoint_.has_value(); }
  /// The stream; only where open().
  tcp::Endpoint& endpoint() { return *endpoint_; }
  const tcp::Endpoint& endpoint() const { return *endpoint_; }
  /// RST to the tool, if it knows of the connection. Nothing more comes of it afterwards.
  void abort();
  Reason failure() const { return open() ? endpoint_->failure() : failure_; }
  /// Nothing more to send or to wait for.
  bool over() const;
  /// "INIT", then as tcp::name().
  std::string_view state() const;
  std::size_t chunks() const { return open() ? endpoint_->chunks() : 0; }

 private:
  enum class Phase : std::uint8_t { kInit, kSynSent, kSynReceived, kOpen, kFailed };

  void on_answer(const wire::PacketView& view, const wire::TcpOptions& options, Instant now);
  void on_syn(const wire::PacketView& view, const wire::TcpOptions& options, Instant now);
  void on_completion(const wire::PacketView& view, const wire::TcpOptions& options, Instant now);
  void begin(Phase phase, Instant now);
  void open_endpoint(std::uint16_t window, bool scaled_window, Instant now);
  bool send_syn(Instant now);
  bool send(const tcp::SegmentOut& segment) override;
  std::uint32_t timestamp(Instant now) const;
  std::uint16_t mss_max() const;

  const ToolEndSurroundings& with_;
  tcp::ChunkPool& memory_;
  wire::HeaderTemplate headers_;
  wire::HeaderTemplate::Manner server_{};
  std::optional<tcp::Endpoint> endpoint_;
  wire::TcpOptions theirs_;               // of the tool's SYN or SYN-ACK
  std::optional<tcp::SegmentOut> reply_;  // an acknowledgement or a RST of the handshake
  std::uint32_t isn_ = 0;
  std::uint32_t irs_ = 0;
  std::uint32_t stamp_base_ = 0;
  Instant syn_at_ = kNever;       // SYN or SYN-ACK is to be sent (again)
  Instant reply_again_ = kNever;  // no buffer was free for it
  Instant first_syn_ = kNever;
  Duration pause_{};
  Phase phase_ = Phase::kInit;
  Reason failure_ = Reason::none;
};

}  // namespace limpid::tool
