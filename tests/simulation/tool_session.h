// ToolSession: the session of a flow whose plaintext goes through the tool: Na -> Ta -> tool -> Tb -> Nb, and
// back the same way. Whatever breaks on the way breaks all of it: a tool that is gone ends a session by
// resets.
#pragma once

#include <functional>
#include <memory>

#include "tests/simulation/tool_path.h"
#include "tests/support/relay_session.h"

namespace limpid::simulation {

class ToolSession final : public flow::Session {
 public:
  using Connect = std::function<std::shared_ptr<ToolPath>(Instant now)>;
  /// `connect` is called once the session is wanted.
  explicit ToolSession(Connect connect) : connect_(std::move(connect)) {}

  void run(flow::Legs legs, Instant now) override {
    if (finished()) return;
    if (!path_) path_ = connect_(now);
    path_->run(now);
    const bool broken = legs.client.failure() != Reason::none || legs.server.failure() != Reason::none;
    if (broken || path_->failed(now)) return abort(legs, Reason::none, now);
    if (path_->connected()) pump(legs);
    path_->flush(now);
  }
  Instant deadline() const override { return finished() || !path_ ? kNever : path_->deadline(); }
  bool finished() const override { return given_up_ || (path_ && path_->left()); }
  void abort(flow::Legs legs, Reason /*why*/, Instant now) override {
    if (legs.client.failure() == Reason::none) legs.client.abort();
    if (legs.server.failure() == Reason::none) legs.server.abort();
    given_up_ = true;
    if (!path_) return;
    path_->abort();
    path_->flush(now);
    path_->leave(true);
  }

 private:
  void pump(flow::Legs legs) {
    using flow::RelaySession;
    RelaySession::pump(legs.client, path_->ta(), client_done_);
    RelaySession::pump(path_->tb(), legs.server, to_server_done_);
    RelaySession::pump(legs.server, path_->tb(), server_done_);
    RelaySession::pump(path_->ta(), legs.client, to_client_done_);
    if (client_done_ && to_server_done_ && server_done_ && to_client_done_) path_->leave(false);
  }

  Connect connect_;
  std::shared_ptr<ToolPath> path_;
  bool given_up_ = false;
  bool client_done_ = false;
  bool to_server_done_ = false;
  bool server_done_ = false;
  bool to_client_done_ = false;
};

}  // namespace limpid::simulation
