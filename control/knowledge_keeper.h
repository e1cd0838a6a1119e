// KnowledgeKeeper: keeps what the workers know of certificates up to date. It learns intermediates from the
// sightings of chains that verified, reads the folder of revocation lists anew when a file there has changed,
// and hands each change to the workers as a snapshot. Thread: the control thread's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "control/list_fetcher.h"
#include "dataplane/base/clock.h"
#include "tls_proxy/certificate/knowledge_base.h"
#include "tls_proxy/certificate/observed_certificate.h"
#include "tls_proxy/certificate/revocation_folder.h"

namespace limpid::control {

class KnowledgeKeeper {
 public:
  /// What is learnt is told no more often: each snapshot makes the workers verify anew.
  static constexpr Duration kTellEvery = std::chrono::seconds(10);
  static constexpr Duration kLookEvery = std::chrono::seconds(30);

  /// False where a worker cannot be told now: it is tried again.
  using Tell = std::function<bool(const std::shared_ptr<const certificate::Knowledge>&)>;
  using Warn = std::function<void(const std::string& line)>;

  /// `folder`: of revocation lists; empty: none. The clock outlives the keeper.
  KnowledgeKeeper(certificate::KnowledgeBase base, const std::string& folder, const Clock& clock, Warn warn);
  /// From now on lists are fetched by this one, too, which outlives the keeper.
  void fetch_by(ListFetcher& fetcher) { fetcher_ = &fetcher; }

  /// What is known before any worker works; null: nothing is.
  std::shared_ptr<const certificate::Knowledge> at_start();
  void on_sighting(const certificate::ObservedCertificate& seen);
  void run(const Tell& tell);

 private:
  void look_at_folder();
  void look_at_fetcher();

  certificate::KnowledgeBase base_;
  std::optional<certificate::RevocationFolder> folder_;
  ListFetcher* fetcher_ = nullptr;
  const Clock& clock_;
  Warn warn_;
  std::shared_ptr<const certificate::Knowledge> untold_;
  Instant look_at_;
  Instant tell_at_;
};

}  // namespace limpid::control
