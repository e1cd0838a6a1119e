#include "control/list_fetcher.h"

#include <algorithm>
#include <utility>

#include "tls_proxy/certificate/dates.h"
#include "tls_proxy/certificate/revocation_lists.h"

namespace limpid::control {

namespace {

/// Whoever answers in the issuer's place may have kept an old one.
bool is_older(const X509_CRL& fetched, const X509_CRL& held) {
  return ASN1_TIME_compare(X509_CRL_get0_lastUpdate(&fetched), X509_CRL_get0_lastUpdate(&held)) < 0;
}

}  // namespace

void ListFetcher::want(std::vector<certificate::ListSource> sources) {
  const std::lock_guard lock(lock_);
  for (certificate::ListSource& each : sources) {
    const auto known = sources_.find(each.url);
    if (known != sources_.end()) {
      known->second.wanted = clock_.now();
      continue;
    }
    if (sources_.size() >= kSourcesMax) forget_the_longest_unwanted();
    sources_[each.url] = {std::move(each.issuer), nullptr, 0, clock_.now(), clock_.now()};
  }
}

void ListFetcher::forget_the_longest_unwanted() {
  const auto longest = std::min_element(sources_.begin(), sources_.end(), [](const auto& a, const auto& b) {
    return a.second.wanted < b.second.wanted;
  });
  changed_ = changed_ || longest->second.list != nullptr;
  bytes_ -= longest->second.bytes;
  sources_.erase(longest);
}

void ListFetcher::fetch_due(const std::function<bool()>& stop) {
  while (!stop()) {
    const std::optional<Due> due = next_due();
    if (!due) return;
    take_in(*due, get_(due->url));
  }
}

std::optional<ListFetcher::Due> ListFetcher::next_due() {
  const std::lock_guard lock(lock_);
  // The one that has waited longest: others that never answer must not be asked before it for ever.
  const auto found = std::min_element(sources_.begin(), sources_.end(), [](const auto& a, const auto& b) {
    return a.second.due < b.second.due;
  });
  if (found == sources_.end() || found->second.due > clock_.now()) return std::nullopt;
  return Due{found->first, openssl::share(found->second.issuer.get())};
}

/// At half of the time that is left.
Instant ListFetcher::due_again(const X509_CRL* list) const {
  const std::optional<std::int64_t> next =
      list != nullptr ? certificate::unix_seconds(X509_CRL_get0_nextUpdate(list)) : std::nullopt;
  // In seconds: issuers write dates that are further away than nanoseconds can say.
  std::chrono::seconds half{0};
  if (next) half = std::chrono::seconds(*next - certificate::unix_seconds(clock_.wall())) / 2;
  return clock_.now() + std::clamp(half, kAgainAtLeast, kAgainAtMost);
}

void ListFetcher::take_in(const Due& due, const Result<std::string, std::string>& body) {
  Result<openssl::CrlPtr, std::string> read =
      body ? certificate::read_signed_list(*body, due.issuer.get()) : Failure{body.error()};
  std::string why = read ? "" : read.error();
  openssl::CrlPtr list = read ? std::move(read).value() : nullptr;
  const std::lock_guard lock(lock_);
  const auto wanted = sources_.find(due.url);
  if (wanted == sources_.end()) return;  // it has made room meanwhile
  Source& source = wanted->second;
  source.due = due_again(list.get());
  if (list && bytes_ - source.bytes + body->size() > kBytesMax) {
    why = "there is no room for another revocation list";
    list.reset();
  }
  if (list && source.list && is_older(*list, *source.list)) {
    why = "the revocation list is older than the one that is held";
    list.reset();
  }
  if (!list) {  // the one before stays
    if (!std::exchange(source.failed, true)) failures_.push_back(due.url + ": " + why);
    return;
  }
  source.failed = false;
  if (source.list && X509_CRL_match(source.list.get(), list.get()) == 0) return;
  changed_ = true;
  bytes_ += body->size() - source.bytes;
  source.bytes = body->size();
  source.list = std::move(list);
}

ListFetcher::Changes ListFetcher::take_changes() {
  const std::lock_guard lock(lock_);
  Changes changes;
  changes.failures = std::exchange(failures_, {});
  if (!std::exchange(changed_, false)) return changes;
  changes.lists.emplace();
  for (const auto& [url, source] : sources_) {
    if (source.list) changes.lists->push_back(openssl::share(source.list.get()));
  }
  return changes;
}

}  // namespace limpid::control
