#include "control/knowledge_keeper.h"

#include "tls_proxy/certificate/verdict.h"

namespace limpid::control {

KnowledgeKeeper::KnowledgeKeeper(certificate::KnowledgeBase base, const std::string& folder,
                                 const Clock& clock, Warn warn)
    : base_(std::move(base)),
      clock_(clock),
      warn_(std::move(warn)),
      look_at_(clock.now()),
      tell_at_(clock.now()) {
  if (!folder.empty()) folder_.emplace(folder);
}

std::shared_ptr<const certificate::Knowledge> KnowledgeKeeper::at_start() {
  look_at_folder();
  return base_.take_changes();
}

void KnowledgeKeeper::on_sighting(const certificate::ObservedCertificate& seen) {
  if (seen.outcome != certificate::name(certificate::Outcome::kTrusted)) return;
  base_.learn(seen.chain, clock_.wall());
  if (fetcher_ != nullptr && base_.trust() != nullptr)
    fetcher_->want(certificate::list_sources(seen.chain, *base_.trust()));
}

void KnowledgeKeeper::run(const Tell& tell) {
  look_at_folder();
  look_at_fetcher();
  if (clock_.now() < tell_at_) return;
  if (auto changed = base_.take_changes()) untold_ = std::move(changed);
  if (!untold_) return;
  tell_at_ = clock_.now() + kTellEvery;
  if (tell(untold_)) untold_.reset();
}

void KnowledgeKeeper::look_at_folder() {
  if (!folder_ || clock_.now() < look_at_) return;
  look_at_ = clock_.now() + kLookEvery;
  auto contents = folder_->read_if_changed();
  if (!contents) return;
  for (const std::string& refused : contents->refused) warn_(refused);
  base_.use_lists("folder", std::move(contents->lists));
}

void KnowledgeKeeper::look_at_fetcher() {
  if (fetcher_ == nullptr) return;
  ListFetcher::Changes changes = fetcher_->take_changes();
  for (const std::string& failure : changes.failures) warn_(failure);
  if (changes.lists) base_.use_lists("fetched", std::move(*changes.lists));
}

}  // namespace limpid::control
