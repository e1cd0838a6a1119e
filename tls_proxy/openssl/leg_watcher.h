// LegWatcher: sees one leg's bytes as they are on the wire, and the secrets that open them. An Engine has one
// where its connection is recorded; without one nothing tells its secrets. Thread: the worker's.
#pragma once

#include <string_view>

#include "dataplane/base/bytes.h"

namespace limpid::openssl {

class LegWatcher {
 public:
  virtual ~LegWatcher() = default;
  /// From the peer, as the library reads them.
  virtual void on_read(Bytes bytes) = 0;
  virtual void on_written(Bytes bytes) = 0;
  /// FIN, behind everything written.
  virtual void on_finished() = 0;
  /// A line of a key log (SSLKEYLOGFILE), without its end. Valid during the call only.
  virtual void on_secret(std::string_view line) = 0;
};

}  // namespace limpid::openssl
