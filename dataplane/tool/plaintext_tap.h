// PlaintextTap: where a session hands over a copy of what it decrypted, or of what a leg's ends say before it
// is decrypted. A mirror implements it. A tap never slows its session: what it cannot take it drops and
// counts.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"

namespace limpid::tool {

enum class Direction : std::uint8_t { kFromClient, kFromServer };

/// One session's copy. Destroyed at the session's end; what was not ended by then is ended as by a reset.
class PlaintextTap {
 public:
  virtual ~PlaintextTap() = default;
  /// Decrypted bytes, in order.
  virtual void on_bytes(Direction direction, Bytes bytes, WallTime when) = 0;
  /// The direction ended cleanly (close_notify, then FIN).
  virtual void on_end(Direction direction, WallTime when) = 0;
  /// The session broke, or one direction was truncated.
  virtual void on_reset(Direction direction, WallTime when) = 0;
  /// Lines of a key log that open what follows, where the bytes are ciphertext. Whoever keeps them wipes
  /// them.
  virtual void on_secrets(Bytes /*lines*/, WallTime /*when*/) {}
};

/// A configured mirror as one worker sees it. Thread: that worker.
class Mirror {
 public:
  virtual ~Mirror() = default;
  /// A session begins; null where the mirror takes no more at present (counted).
  virtual std::unique_ptr<PlaintextTap> open(const FlowFacts& facts, WallTime when) = 0;
};

}  // namespace limpid::tool
