// ToolSession: the session of a flow whose bytes go through the tool as they are: the product's RelayChain
// between the flow's legs, without the TLS at either end. Whatever breaks on the way breaks all of it: a tool
// that is gone ends a session by resets.
#pragma once

#include <array>
#include <optional>

#include "dataplane/flow/flow_user.h"
#include "tests/simulation/tool_path.h"
#include "tls_proxy/openssl/plain_engine.h"
#include "tls_proxy/relay_chain.h"

namespace limpid::simulation {

class ToolSession final : public flow::Session, private tls::RelayObserver {
 public:
  ToolSession(ToolPath& path, const FlowFacts& facts) : path_(path), facts_(facts) {}
  ToolSession(const ToolSession&) = delete;
  ToolSession& operator=(const ToolSession&) = delete;
  ~ToolSession() override {
    if (client_) path_.ask_for_unacknowledged(nullptr);
  }

  void attach(flow::SessionHost& host) override { host_ = &host; }
  std::size_t chunks() const override { return chain_.chunks(); }
  void run(flow::Legs legs, Instant now) override {
    if (finished_) return;
    if (!client_) open(legs, now);
    chain_.service(now);
    if (opening_) await_tool(legs, now);
    if (!opening_ && !finished_) relay(now);
    chain_.service(now);
  }
  Instant deadline() const override {
    return finished_ ? kNever : std::min(linger_until_, chain_.deadline());
  }
  bool finished() const override { return finished_; }
  void abort(flow::Legs legs, Reason /*why*/, Instant /*now*/) override {
    if (finished_) return;
    if (legs.client.failure() == Reason::none) legs.client.abort();
    if (legs.server.failure() == Reason::none) legs.server.abort();
    end(true);
  }

 private:
  std::size_t unacknowledged() {
    if (finished_ || opening_) return 0;
    tool::Passage& passage = chain_.passage(0);
    return passage.a().unacknowledged() + passage.b().unacknowledged();
  }
  static constexpr Duration kLinger = std::chrono::seconds(2);

  void open(flow::Legs legs, Instant now) {
    path_.ask_for_unacknowledged([this] { return unacknowledged(); });
    client_.emplace(legs.client);
    server_.emplace(legs.server);
    chain_.insert(0, path_.open({.flow = facts_,
                                 .client = host_->headers(tcp::Leg::kClient),
                                 .server = host_->headers(tcp::Leg::kServer),
                                 .memory = host_->stream_memory(),
                                 .wake = [host = host_] { host->wake(); },
                                 .from_client_side = host_->from_client_side()},
                                now));
  }
  void await_tool(flow::Legs legs, Instant now) {
    const bool broken = legs.client.failure() != Reason::none || legs.server.failure() != Reason::none;
    if (broken || chain_.opening() == tls::RelayChain::Opening::kFailed)
      return abort(legs, Reason::none, now);
    opening_ = chain_.opening() == tls::RelayChain::Opening::kWait;
  }
  void relay(Instant now) {
    chain_.run({*client_, *server_}, scratch_, *this, now);
    if (!chain_.ended()) return;
    if (chain_.broken()) return end(true);
    if (linger_until_ == kNever && !chain_.over()) linger_until_ = now + kLinger;
    if (!chain_.over() && now < linger_until_) return;
    if (!chain_.over()) path_.lingers();
    end(false);
  }
  void end(bool broken) {
    finished_ = true;
    path_.leave(broken);
    chain_.drop();
  }
  void on_plaintext(tls::Direction /*direction*/, Bytes /*bytes*/) override {}
  void on_direction_end(tls::Direction /*direction*/, bool /*clean*/) override {}

  ToolPath& path_;
  FlowFacts facts_;
  flow::SessionHost* host_ = nullptr;
  std::optional<tls::PlainEngine> client_;
  std::optional<tls::PlainEngine> server_;
  tls::RelayChain chain_;
  std::array<std::byte, 16'384> scratch_{};
  Instant linger_until_ = kNever;
  bool opening_ = true;
  bool finished_ = false;
};

}  // namespace limpid::simulation
