// One TCP segment on its way in or out of an endpoint, as values: headers parsed by dataplane/wire, payload
// as spans that nobody owns here. The endpoint never sees an IP address, a port or a checksum.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/bytes.h"
#include "dataplane/wire/tcp_options.h"

namespace limpid::tcp {

/// The flag byte of the TCP header (RFC 9293 §3.1).
enum Flag : std::uint8_t {
  kFin = 1,
  kSyn = 2,
  kRst = 4,
  kPsh = 8,
  kAck = 16,
  kUrg = 32,
  kEce = 64,
  kCwr = 128
};

/// A segment from the peer. `payload` is read during on_segment() only; the caller keeps its ownership.
struct SegmentIn {
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint16_t window = 0;  // as on the wire, not scaled
  std::uint8_t flags = kAck;
  wire::TcpOptions options{};
  Bytes payload{};
  bool ce = false;  // IP said Congestion Experienced (RFC 3168 §5)
};

/// A segment to the peer. The payload lies in up to two pieces (it may cross a chunk); both spans are valid
/// only inside SegmentSink::send().
struct SegmentOut {
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint16_t window = 0;  // as on the wire, already scaled down
  std::uint8_t flags = kAck;
  wire::TcpOptions options{};
  Bytes payload_first{};
  Bytes payload_second{};
  bool ect = false;  // IP is to say ECT(0): a congested router may mark it instead of dropping it

  std::size_t payload_size() const { return payload_first.size() + payload_second.size(); }
};

/// Where flush() puts segments: the flow engine turns them into frames; tests keep them.
class SegmentSink {
 public:
  virtual ~SegmentSink() = default;
  /// Takes the segment (copies what it needs of the payload). False: no packet buffer was free; the endpoint
  /// stops, changes nothing that this segment would have changed, and asks to be flushed again.
  virtual bool send(const SegmentOut& segment) = 0;
};

}  // namespace limpid::tcp
