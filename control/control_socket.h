// ControlSocket: answers the command line, and whoever else may open the socket, in JSON lines (protocol.h).
// A Unix stream socket of mode 0600. Several clients at once; none of them can block the control thread: what
// a client does not read waits in a bounded buffer of its own, and meanwhile it is not listened to.
// Thread: the control thread alone, through serve().
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "control/backend.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"

namespace limpid::control {

struct ControlSocketSettings {
  std::string path;
  std::size_t clients_max = 64;
  std::size_t request_bytes_max = 64U << 10U;
};

class ControlSocket {
 public:
  /// A stale socket of a process that is gone is replaced; a live one is an error. The error is a sentence.
  static Result<std::unique_ptr<ControlSocket>, std::string> open(const ControlSocketSettings& settings,
                                                                  Backend& backend);
  /// Closes everything and removes the socket.
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  /// Waits at most so long for something to do, and does it; returns early after any work. `wake` is a file
  /// descriptor that ends the wait when it becomes readable (a signalfd or eventfd); -1: none.
  void serve(Duration at_most, int wake = -1);
  std::size_t clients() const;

 private:
  class Server;
  explicit ControlSocket(std::unique_ptr<Server> server);
  std::unique_ptr<Server> server_;
};

}  // namespace limpid::control
