// ByteStream: one terminated TCP connection as its user above the data plane sees it: bytes to read, bytes to
// write, and how each direction ended. tcp::Endpoint implements it; tests have a MemoryStream.
// Thread: the worker that owns the flow. Nothing here blocks or transmits: the worker flushes the endpoint
// after the user returns.
#pragma once

#include <cstddef>

#include "dataplane/base/bytes.h"
#include "dataplane/base/reasons.h"

namespace limpid::tcp {

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // --- receive ---
  /// In-order bytes that wait to be read.
  virtual std::size_t readable() const = 0;
  /// The first contiguous piece of them; valid until the next non-const call. Empty only if readable() is 0.
  virtual Bytes peek() const = 0;
  /// Copies up to into.size() readable bytes from the front without consuming; returns how many.
  virtual std::size_t copy_front(MutableBytes into) const = 0;
  /// Takes `size` <= readable() bytes off the front. The receive window opens by this alone: whoever does not
  /// consume, pushes back.
  virtual void consume(std::size_t size) = 0;
  /// The peer's FIN is reached: everything before it has been consumed and nothing will follow.
  virtual bool finished() const = 0;

  // --- send ---
  /// How many bytes the stream asks for at present; 0: wait. It grows when the peer acknowledges.
  virtual std::size_t credit() const = 0;
  /// Takes bytes to send, beyond the credit too if need be (a TLS record must not be cut by lack of room).
  /// Returns how many were taken: fewer than given only when stream memory or this stream's share of
  /// it is exhausted, or the stream is closed.
  virtual std::size_t write(Bytes bytes) = 0;
  /// FIN after everything written.
  virtual void finish() = 0;
  /// Written bytes that the peer has not acknowledged yet, the FIN counted as one.
  virtual std::size_t unacknowledged() const = 0;

  // --- failure ---
  /// RST now; everything queued is dropped.
  virtual void abort() = 0;
  /// Why the connection is broken (peer's RST, time-out); Reason::none while it is not. `Reason` speaks of
  /// this leg: client_reset on the client leg, server_reset on the server leg.
  virtual Reason failure() const = 0;
};

}  // namespace limpid::tcp
