#include "tls_proxy/certificate/path_search.h"

#include <algorithm>

namespace limpid::certificate {

namespace {

// Certificates looked at in all: enough for a server that sends everything it has, and little work.
constexpr std::size_t kStepsMax = 512;

class Search {
 public:
  Search(const PresentedChain& chain, const CertificatesBySubject* known, const TrustStore& trust)
      : chain_(chain), known_(known), trust_(trust) {}

  /// Paths with exactly so many intermediates.
  void collect(std::size_t intermediates) { extend(chain_.leaf(), intermediates); }
  bool exhausted() const { return steps_ >= kStepsMax || found_.size() >= kPathsMax; }
  std::vector<CandidatePath> take() { return std::move(found_); }

 private:
  void extend(X509* last, std::size_t intermediates_left) {
    if (intermediates_left == 0) return add_roots(last);
    for (X509* issuer : issuers_of(last)) {
      if (exhausted()) return;
      way_.push_back(issuer);
      extend(issuer, intermediates_left - 1);
      way_.pop_back();
    }
  }

  void add_roots(X509* last) {
    for (X509* root : trust_.issuers_of(last)) {
      ++steps_;
      if (!exhausted() && X509_check_issued(root, last) == X509_V_OK) found_.push_back({way_, root});
    }
  }

  std::vector<X509*> issuers_of(X509* certificate) {
    std::vector<X509*> issuers;
    const auto consider = [&](X509* issuer) {
      ++steps_;
      if (exhausted() || is_on_way(issuer) || X509_check_issued(issuer, certificate) != X509_V_OK) return;
      issuers.push_back(issuer);
    };
    for (std::size_t i = 1; i < chain_.certificates().size(); ++i) consider(chain_.certificates()[i].get());
    if (known_ == nullptr) return issuers;
    for (X509* issuer : known_->issuers_of(certificate)) consider(issuer);
    return issuers;
  }

  /// A way that comes back to where it was leads nowhere new.
  bool is_on_way(const X509* certificate) const {
    const auto same = [&](const X509* other) { return X509_cmp(certificate, other) == 0; };
    return same(chain_.leaf()) || std::any_of(way_.begin(), way_.end(), same);
  }

  const PresentedChain& chain_;
  const CertificatesBySubject* known_;
  const TrustStore& trust_;
  std::vector<X509*> way_;
  std::vector<CandidatePath> found_;
  std::size_t steps_ = 0;
};

}  // namespace

std::vector<CandidatePath> candidate_paths(const PresentedChain& chain, const CertificatesBySubject* known,
                                           const TrustStore& trust, std::size_t intermediates_max) {
  Search search(chain, known, trust);
  for (std::size_t count = 0; count <= intermediates_max && !search.exhausted(); ++count)
    search.collect(count);
  return search.take();
}

}  // namespace limpid::certificate
