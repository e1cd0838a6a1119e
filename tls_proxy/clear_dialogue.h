// ClearDialogue: a flow that begins in the clear, as the flow engine hears it: the recognisers' findings in
// the engine's words, and what was said, kept for the session that may come of it. Thread: the flow's worker.
#pragma once

#include <memory>

#include "dataplane/flow/flow_user.h"
#include "tls_proxy/passed_flow.h"
#include "tls_proxy/prelude.h"
#include "tls_proxy/services.h"
#include "tls_proxy/upgrade/upgrade_dialogue.h"

namespace limpid::tls {

class ClearDialogue final : public flow::Dialogue {
 public:
  ClearDialogue(Services& services, const FlowFacts& facts, std::optional<policy::UpgradeProtocol> of_port);
  ~ClearDialogue() override;
  ClearDialogue(const ClearDialogue&) = delete;
  ClearDialogue& operator=(const ClearDialogue&) = delete;

  Finding on_bytes(bool from_client, Bytes bytes) override;
  flow::FirstBytesAdvice on_first_bytes(const FlowFacts& facts, Bytes bytes, Instant now) override;
  std::unique_ptr<flow::Session> adopt_undecided(const FlowFacts& facts, Instant now) override;
  flow::GivenUp given_up(const FlowFacts& facts, Bytes first_bytes, bool may_refuse) override;

 private:
  /// False: all dialogues together hold too much.
  bool keep(tool::Direction from, Bytes bytes);
  void name_it();
  /// What stays in the clear is asked about as any other flow without a name.
  Finding give_up(Reason reason);

  Services& services_;
  FlowFacts facts_;
  UpgradeDialogue door_;
  std::shared_ptr<Prelude> prelude_;  // a session that comes of it has it as well
  std::size_t kept_ = 0;
};

/// What becomes of a flow with these first bytes. `prelude`: what was said before them; null: nothing.
flow::FirstBytesAdvice judge_first_bytes(Services& services, const FlowFacts& facts, Bytes bytes,
                                         const std::shared_ptr<Prelude>& prelude, Instant now);
/// What becomes of a flow that the engine cannot watch any longer, with these first bytes so far: policy may
/// block it even so (`may_refuse`); else its tools are those of what it seems to be.
flow::GivenUp given_up(Services& services, const FlowFacts& facts, Bytes first_bytes, const Prelude* prelude,
                       bool may_refuse);

}  // namespace limpid::tls
