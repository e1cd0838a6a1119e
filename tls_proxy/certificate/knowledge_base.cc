#include "tls_proxy/certificate/knowledge_base.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "dataplane/base/generation.h"
#include "tls_proxy/certificate/dates.h"

namespace limpid::certificate {

namespace {

bool is_intermediate(X509* certificate) {
  return X509_check_ca(certificate) == 1 && X509_self_signed(certificate, 0) == 0;
}

}  // namespace

void KnowledgeBase::preload(std::vector<openssl::X509Ptr> intermediates) {
  for (openssl::X509Ptr& each : intermediates) {
    if (!known_.insert(fingerprint_of(each.get())).second) continue;
    preloaded_.push_back(std::move(each));
    changed_ = true;
  }
}

void KnowledgeBase::learn(const std::vector<std::string>& chain, WallTime now) {
  if (!trust_ || chain.size() < 2) return;
  const std::vector<openssl::X509Ptr> certificates = parse_chain(chain);
  for (const openssl::X509Ptr& each : certificates) {
    const Fingerprint fingerprint = fingerprint_of(each.get());
    if (known_.contains(fingerprint) || !is_intermediate(each.get())) continue;
    if (!leads_to_a_root(each.get(), certificates, now)) continue;
    if (learnt_.size() >= learnt_max_) {
      known_.erase(learnt_.front().fingerprint);
      learnt_.pop_front();
    }
    known_.insert(fingerprint);
    learnt_.push_back({fingerprint, openssl::share(each.get())});
    changed_ = true;
  }
}

bool KnowledgeBase::leads_to_a_root(X509* certificate, const std::vector<openssl::X509Ptr>& chain,
                                    WallTime now) const {
  const openssl::StoreCtxPtr context(X509_STORE_CTX_new());
  const openssl::CertificatesPtr others(sk_X509_new_null());
  for (const openssl::X509Ptr& each : chain) sk_X509_push(others.get(), each.get());
  bool verified = false;
  if (X509_STORE_CTX_init(context.get(), trust_->store(), certificate, others.get()) == 1) {
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), unix_seconds(now));
    verified = X509_verify_cert(context.get()) == 1;
  }
  ERR_clear_error();
  return verified;
}

void KnowledgeBase::use_lists(const std::string& source, std::vector<openssl::CrlPtr> lists) {
  lists_[source] = std::move(lists);
  changed_ = true;
}

std::shared_ptr<const Knowledge> KnowledgeBase::take_changes() {
  if (!changed_) return nullptr;
  changed_ = false;
  auto knowledge = std::make_shared<Knowledge>();
  for (const openssl::X509Ptr& each : preloaded_) knowledge->intermediates.add(openssl::share(each.get()));
  for (const Learnt& each : learnt_) knowledge->intermediates.add(openssl::share(each.certificate.get()));
  for (const auto& [source, lists] : lists_) {
    for (const openssl::CrlPtr& each : lists) {
      // What cannot be used was said when it was read.
      [[maybe_unused]] const auto added = knowledge->lists.add(openssl::share(each.get()));
    }
  }
  knowledge->generation = next_generation();
  return knowledge;
}

}  // namespace limpid::certificate
