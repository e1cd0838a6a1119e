// PassedFlow: what is remembered of a flow that is only forwarded, or was blocked: the decision, the server's
// name, and, while the server's handshake is in the clear (TLS 1.2 and older), who it says it is. The flow
// engine keeps it with the flow; the worker's thread. It must stay small: there may be a million of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "dataplane/flow/flow_user.h"
#include "tls_proxy/certificate/server_handshake_observer.h"
#include "tls_proxy/services.h"

namespace limpid::tls {

class PassedFlow final : public flow::FlowMemo {
 public:
  /// `hello`, `prelude`: null where there was none. `observe`: look for the server's certificate.
  PassedFlow(Services& services, const FlowFacts& facts, Judgement judgement, const ClientHello* hello,
             bool observe, const Prelude* prelude);
  /// From its first packet on; null: past all tools.
  void go_through(std::unique_ptr<tool::PacketPath> path) { path_ = std::move(path); }

  bool on_server_bytes(Bytes bytes) override;
  flow::Detour* detour() override { return path_.get(); }
  void drop_detour() override { path_.reset(); }
  /// It is passed for what was learnt of this hello's kind of client, and counted there.
  void learnt(const Ja4& ja4, std::shared_ptr<Unseen> unseen) {
    of_few().ja4 = ja4;
    of_few().unseen = std::move(unseen);
  }
  /// Null: for another reason.
  Unseen* unseen() const { return of_few_ ? of_few_->unseen.get() : nullptr; }
  void describe(SessionRecord& record) const;

 private:
  /// What most flows do not have.
  struct OfFew {
    std::string spoken{};   // before TLS,
    std::string connect{};  // and whom a proxy was asked for
    Ja4 ja4{};
    std::shared_ptr<Unseen> unseen{};
    std::shared_ptr<const certificate::SubjectNames> names{};  // the server's, where the client has said none
  };
  struct Observation {
    FlowFacts facts;
    certificate::ServerHandshakeObserver handshake;
  };
  OfFew& of_few();
  void name_server(const std::string& leaf);
  void report(const FlowFacts& facts, const std::vector<std::string>& chain);

  Services& services_;
  Judgement judgement_;
  std::string sni_;
  std::unique_ptr<OfFew> of_few_;
  std::unique_ptr<Observation> observation_;  // until the handshake is over
  std::unique_ptr<tool::PacketPath> path_;
  std::uint16_t version_ = 0;
  std::uint16_t cipher_suite_ = 0;
};

/// What a flow that is only forwarded is; of the last its server's handshake is read along.
enum class PassedKind : std::uint8_t { kOther, kTls, kObservedTls };

/// Of a flow that is only forwarded, through the tools that policy says; the rest as the constructor has it.
std::unique_ptr<PassedFlow> passed_through_tools(Services& services, const FlowFacts& facts,
                                                 Judgement judgement, const ClientHello* hello,
                                                 const Prelude* prelude, PassedKind kind);

}  // namespace limpid::tls
