// ServerBytes: hands a forwarded flow's server payload, in order, to its FlowMemo until that has seen enough.
// It only reads along: what is lost for good, or too far out of order, ends the reading, never the flow.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/flow/flow_user.h"
#include "dataplane/flow/reassembly.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::flow {

class ServerBytes {
 public:
  explicit ServerBytes(std::size_t pending_max) : pending_(pending_max) {}

  /// The sequence number of the server's first byte, known from its SYN-ACK.
  void start(std::uint32_t first) { next_ = first; }
  /// A segment from the server. False: reading is over.
  bool on_segment(const wire::PacketView& view, FlowMemo& memo);
  /// Bytes of memory for what is out of order.
  std::size_t held() const { return pending_.held(); }

 private:
  std::optional<std::uint32_t> next_;
  Reassembly pending_;
};

}  // namespace limpid::flow
