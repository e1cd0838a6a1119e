// KnowledgeBase: gathers what is known of certificates beside what servers present, and makes the snapshots
// that the workers' Verifiers look at: intermediates out of a file, those learnt from chains that verified
// (bounded: the oldest goes first), and revocation lists. Thread: the control thread's.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "tls_proxy/certificate/knowledge.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/trust_store.h"

namespace limpid::certificate {

class KnowledgeBase {
 public:
  static constexpr std::size_t kLearntMax = 2'048;

  KnowledgeBase(std::shared_ptr<const TrustStore> trust, std::size_t learnt_max = kLearntMax)
      : trust_(std::move(trust)), learnt_max_(learnt_max) {}

  void preload(std::vector<openssl::X509Ptr> intermediates);
  /// The intermediates of a chain (DER, leaf first) that verified. Each is taken only if it leads to a root
  /// itself: servers send anything beside what is needed.
  void learn(const std::vector<std::string>& chain, WallTime now);
  /// In place of those of the same source before.
  void use_lists(const std::string& source, std::vector<openssl::CrlPtr> lists);

  const TrustStore* trust() const { return trust_.get(); }
  std::size_t learnt() const { return learnt_.size(); }
  /// Null where nothing has changed since the last.
  std::shared_ptr<const Knowledge> take_changes();

 private:
  bool leads_to_a_root(X509* certificate, const std::vector<openssl::X509Ptr>& chain, WallTime now) const;

  struct Learnt {
    Fingerprint fingerprint;
    openssl::X509Ptr certificate;
  };

  std::shared_ptr<const TrustStore> trust_;
  std::size_t learnt_max_;
  std::vector<openssl::X509Ptr> preloaded_;
  std::deque<Learnt> learnt_;                                  // the oldest first
  std::set<Fingerprint> known_;                                // of all of them
  std::map<std::string, std::vector<openssl::CrlPtr>> lists_;  // by source
  bool changed_ = false;
};

}  // namespace limpid::certificate
