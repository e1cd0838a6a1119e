// CaptureClient: one who reads a capture from a socket. Blocks are kept for it, whole and up to a limit, and
// sent as fast as it takes them. Thread: the mirror's own; never blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/base/bytes.h"
#include "dataplane/base/descriptor.h"
#include "dataplane/tool/pcapng.h"

namespace limpid::tool {

class CaptureClient {
 public:
  /// Begins a section of its own. `socket` does not block.
  CaptureClient(Descriptor socket, std::string_view interface_name, std::size_t waiting_max);

  /// False: too much waits; the block is lost for this client.
  bool append(Bytes block);
  /// Sends what it takes. False: the client is gone.
  bool flush();

 private:
  static constexpr std::size_t kSendAt = std::size_t{64} << 10U;

  bool gone() const;

  Descriptor socket_;
  std::size_t waiting_max_;
  pcapng::Buffer waiting_;
  std::size_t sent_ = 0;  // of waiting_
  bool failed_ = false;
};

}  // namespace limpid::tool
