// TlsEngine: one leg's protected stream once its handshake is done: decrypted bytes out, bytes to encrypt in.
// Narrow on purpose: the relay knows nothing else, so that a record layer of our own, working on the traffic
// keys, can take the place of the TLS library's object after the handshake. Engine (OpenSSL) and PlainEngine
// (bytes as they are) implement it. Thread: the worker's. Nothing here blocks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/bytes.h"
#include "dataplane/tcp/byte_stream.h"

namespace limpid::tls {

class TlsEngine {
 public:
  enum class Read : std::uint8_t {
    kBytes,        // some were read
    kWait,         // nothing more at present
    kCloseNotify,  // the peer ended its direction as TLS asks for
    kEnd,          // FIN without close_notify: perhaps truncated
    kBroken,       // the connection is reset or timed out: stream().failure()
    kFailed,       // fatal alert or broken protocol; an alert may have been written
  };
  struct ReadResult {
    Read what = Read::kWait;
    std::size_t size = 0;
  };

  virtual ~TlsEngine() = default;
  /// Decrypts into `into`. After anything but kBytes and kWait the answer stays the same.
  virtual ReadResult read(MutableBytes into) = 0;
  /// Encrypts and writes all of it: what the stream has no memory for is kept here, so ask ready() first.
  /// False once the engine has failed.
  virtual bool write(Bytes bytes) = 0;
  /// The peer asks for more, and nothing written earlier is kept here for lack of memory. What holds an
  /// engine up may also be the half of a message that is read already: it is ready when the rest was read.
  virtual bool ready() const = 0;
  /// Nothing is kept here.
  virtual bool flushed() const = 0;
  /// Tries again to hand over what is kept. To be called before ready() in each run.
  virtual void flush() = 0;
  /// Ends our direction as TLS asks for; the peer's goes on. No write() after it.
  virtual void close_notify() = 0;
  /// FIN after everything written and kept.
  virtual void finish() = 0;
  virtual tcp::ByteStream& stream() = 0;
  /// After kCloseNotify: takes and drops what still comes. Whether the FIN has come, too.
  virtual bool drop_rest() {
    tcp::ByteStream& rest = stream();
    rest.consume(rest.readable());
    return rest.finished();
  }
};

}  // namespace limpid::tls
