// Replay: what was said before the TLS of a session, once more, for its inline tools and mirrors: both legs
// of the relay as long as it lasts. The client's words go in where the client's plaintext will, come out at
// the server's end, are compared there and go no further; then the server's, in the order in which they were
// said. A tool that changes them comes too late: both ends have heard the original. Owned by one TlsSession;
// the worker's thread.
#pragma once

#include <cstddef>
#include <memory>

#include "dataplane/flow/flow_user.h"
#include "tls_proxy/prelude.h"
#include "tls_proxy/relay.h"

namespace limpid::tls {

class Replay {
 public:
  /// `prelude` outlives it, and so do the legs.
  Replay(const Prelude& prelude, flow::Legs legs)
      : prelude_(prelude),
        client_(*this, Direction::kFromClient, legs.client),
        server_(*this, Direction::kFromServer, legs.server) {}

  Relay::Legs legs() { return {client_, server_}; }
  /// All of it has come out.
  bool over() const { return turn_ >= prelude_.turns.size(); }
  /// Something else came out, or an end.
  bool altered() const { return altered_; }

 private:
  /// What stands in for one leg.
  class Leg final : public TlsEngine {
   public:
    Leg(Replay& replay, Direction speaks, tcp::ByteStream& stream)
        : replay_(replay), speaks_(speaks), stream_(stream) {}
    ReadResult read(MutableBytes into) override;
    bool write(Bytes bytes) override;
    bool ready() const override { return true; }
    bool flushed() const override { return true; }
    void flush() override {}
    void close_notify() override { replay_.altered_ = true; }
    void finish() override { replay_.altered_ = true; }
    tcp::ByteStream& stream() override { return stream_; }

   private:
    Replay& replay_;
    Direction speaks_;
    tcp::ByteStream& stream_;
  };

  const Prelude& prelude_;
  std::size_t turn_ = 0;
  std::size_t said_ = 0;      // of it, by the leg whose turn it is
  std::size_t came_out_ = 0;  // of it, at the other leg
  bool altered_ = false;
  Leg client_;
  Leg server_;
};

}  // namespace limpid::tls
