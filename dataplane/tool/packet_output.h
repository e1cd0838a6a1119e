// Where a tool's frames leave: the port that a mirror or an inline tool hangs on. dataplane/worker implements
// it for each worker; tests keep the frames. Thread: that worker. It never blocks.
#pragma once

#include "dataplane/base/bytes.h"
#include "dataplane/wire/packet.h"

namespace limpid::tool {

class PacketOutput {
 public:
  virtual ~PacketOutput() = default;
  /// Copies the frame (from the Ethernet header on, without FCS). False: no buffer or no room at the port;
  /// the frame is lost and the caller counts it.
  virtual bool send(Bytes frame) = 0;
  /// Takes the packet; what a full port cannot take is the port's loss to count.
  virtual void send(wire::Packet packet) = 0;
};

}  // namespace limpid::tool
