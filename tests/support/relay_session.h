// RelaySession: the simplest Session: bytes and the end of each direction pass from leg to leg as they are.
#pragma once

#include <algorithm>
#include <cstddef>

#include "dataplane/flow/flow_user.h"

namespace limpid::flow {

class RelaySession final : public Session {
 public:
  void run(Legs legs, Instant /*now*/) override {
    ++runs;
    if (finished_) return;
    if (legs.client.failure() != Reason::none || legs.server.failure() != Reason::none) {
      if (legs.client.failure() == Reason::none) legs.client.abort();
      if (legs.server.failure() == Reason::none) legs.server.abort();
      finished_ = true;
      return;
    }
    pump(legs.client, legs.server, client_done_);
    pump(legs.server, legs.client, server_done_);
    finished_ = client_done_ && server_done_;
  }
  Instant deadline() const override { return kNever; }
  bool finished() const override { return finished_; }
  void abort(Legs legs, Reason why, Instant /*now*/) override {
    aborted = why;
    legs.client.abort();
    legs.server.abort();
    finished_ = true;
  }

  /// Bytes and the end of one direction; `done` once its end has been passed on.
  static void pump(tcp::ByteStream& from, tcp::ByteStream& to, bool& done) {
    while (from.readable() > 0 && to.credit() > 0) {
      const Bytes piece = from.peek();
      const std::size_t taken = to.write(piece.first(std::min(piece.size(), to.credit())));
      if (taken == 0) return;
      from.consume(taken);
    }
    if (from.finished() && !done) {
      to.finish();
      done = true;
    }
  }

  int runs = 0;
  Reason aborted = Reason::none;

 private:
  bool client_done_ = false;
  bool server_done_ = false;
  bool finished_ = false;
};

}  // namespace limpid::flow
