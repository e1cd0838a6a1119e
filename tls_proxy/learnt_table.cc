#include "tls_proxy/learnt_table.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "tls_proxy/certificate/fingerprint.h"

namespace limpid::tls {

namespace {

/// Everything that a place is, each text with its length before it or at the end.
std::string key_of(const LearntPlace& place) {
  const auto sized = [](const std::string& text) { return std::to_string(text.size()) + ' ' + text; };
  return std::to_string(place.segment) + ' ' + std::to_string(place.vlan) + ' ' + sized(place.rule) +
         std::string(place.client.text()) + sized(place.connect) + place.server_text();
}

std::string id_of(const std::string& key) {
  constexpr std::size_t kDigits = 12;
  return certificate::hex(certificate::fingerprint_of(key)).substr(0, kDigits);
}

/// An IPv6 client has all addresses of its /64.
IpAddress one_client(const IpAddress& client) {
  if (!client.is_v6()) return client;
  std::array<std::byte, 16> prefix{};
  std::copy_n(client.bytes().begin(), 8, prefix.begin());
  return IpAddress::v6(prefix);
}

std::uint32_t seconds_of(Instant now) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

}  // namespace

std::string_view name(LearntState state) {
  switch (state) {
    case LearntState::kSuspect:
      return "suspect";
    case LearntState::kProposed:
      return "proposed";
    case LearntState::kBypass:
      return "bypass";
    case LearntState::kRetry:
      return "retry";
    case LearntState::kAccepted:
      return "accepted";
    case LearntState::kForgotten:
      return "forgotten";
  }
  return {};
}

std::string_view name(Rejection how) {
  switch (how) {
    case Rejection::kBadCertificate:
      return "bad_certificate";
    case Rejection::kCertificateUnknown:
      return "certificate_unknown";
    case Rejection::kUnknownCa:
      return "unknown_ca";
    case Rejection::kClosed:
      return "closed";
    case Rejection::kReset:
      return "reset";
    case Rejection::kSilent:
      return "silent";
  }
  return {};
}

std::string LearntPlace::server_text() const {
  if (!host.empty()) return host + ':' + std::to_string(server.port);
  return connect.empty() ? server.text() : connect;
}

bool is_plain_name(std::string_view text) {
  constexpr std::size_t kMax = 300;  // a name, brackets and a port
  return !text.empty() && text.size() <= kMax && std::all_of(text.begin(), text.end(), [](char c) {
    const bool of_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return of_word || std::string_view("-_.:[]").find(c) != std::string_view::npos;
  });
}

LearntTable::LearntTable(const LearningSettings& settings, const Clock& clock, const SipKey& secret)
    : settings_(settings), clock_(clock), hash_{secret}, index_(0, hash_), successes_(kSuccesses) {
  settings_.failures = std::clamp<std::size_t>(settings_.failures, 1, kFailuresMax);
  settings_.clients = std::clamp<std::size_t>(settings_.clients, 1, kClientsMax);
}

namespace {

/// The client has said that it is the certificate.
bool is_word(Rejection how) {
  return how == Rejection::kBadCertificate || how == Rejection::kCertificateUnknown ||
         how == Rejection::kUnknownCa;
}

}  // namespace

// --- Workers --------------------------------------------------------------------------------------------

std::shared_ptr<Unseen> LearntTable::ask(const LearntPlace& place, policy::Learning mode) {
  if (mode == policy::Learning::kOff || empty()) return nullptr;
  const std::string key = key_of(place);
  const Instant now = clock_.now();
  const std::lock_guard<std::mutex> lock(mutex_);
  Entry* entry = find(key);
  if (entry == nullptr) return nullptr;
  if (entry->state == LearntState::kAccepted) return entry->unseen;
  const bool passes = entry->state == LearntState::kBypass || entry->state == LearntState::kRetry;
  if (!passes || mode != policy::Learning::kAuto) return nullptr;
  if (now < entry->until) return entry->unseen;
  enter(*entry, LearntState::kRetry, entry->state == LearntState::kBypass);
  entry->until = now + kRetryLasts;
  return nullptr;
}

void LearntTable::on_failure(const LearntPlace& place, policy::Learning mode, const IpAddress& client,
                             Rejection how) {
  if (mode == policy::Learning::kOff) return;
  const std::string key = key_of(place);
  const Instant now = clock_.now();
  const std::lock_guard<std::mutex> lock(mutex_);
  Entry* entry = find_or_make(key, place);
  if (entry == nullptr) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  entry->mode = mode;
  entry->last = how;
  note(*entry, one_client(client), now);
  on_counted(*entry, now);
}

void LearntTable::note(Entry& entry, const IpAddress& client, Instant now) {
  if (entry.failures == 0) entry.first_failure = now;
  entry.recent[entry.noted % kFailuresMax] = now;
  ++entry.noted;
  entry.last_failure = now;
  ++entry.failures;
  const auto known = std::find_if(entry.clients.begin(), entry.clients.end(),
                                  [&](const Seen& seen) { return seen.client == client; });
  if (known != entry.clients.end()) {
    known->last = now;
  } else if (entry.clients.size() < kClientsMax) {
    entry.clients.push_back({client, now});
  } else {
    *std::min_element(entry.clients.begin(), entry.clients.end(),
                      [](const Seen& a, const Seen& b) { return a.last < b.last; }) = {client, now};
  }
}

bool LearntTable::is_enough(const Entry& entry, Instant now) const {
  const Instant since = now - settings_.within;
  const auto noted = static_cast<std::ptrdiff_t>(std::min(entry.noted, kFailuresMax));
  const auto failures = static_cast<std::size_t>(std::count_if(
      entry.recent.begin(), entry.recent.begin() + noted, [&](Instant at) { return at > since; }));
  const auto clients = static_cast<std::size_t>(std::count_if(
      entry.clients.begin(), entry.clients.end(), [&](const Seen& seen) { return seen.last > since; }));
  return failures >= settings_.failures && clients >= settings_.clients && !succeeded_lately(entry.key, now);
}

/// What one more failure makes of it.
void LearntTable::on_counted(Entry& entry, Instant now) {
  const bool passes = entry.mode == policy::Learning::kAuto;
  switch (entry.state) {
    case LearntState::kSuspect:
      if (!is_enough(entry, now)) return;
      if (passes) return begin_bypass(entry, settings_.bypass, now);
      return enter(entry, LearntState::kProposed);
    case LearntState::kProposed:
      if (passes && is_enough(entry, now)) begin_bypass(entry, settings_.bypass, now);
      return;
    case LearntState::kBypass:
      if (!passes) enter(entry, LearntState::kProposed);
      return;  // of a session that began before
    case LearntState::kRetry:
      if (!passes) return enter(entry, LearntState::kProposed);
      // Who only leaves may have other causes: that keeps it as it is.
      return begin_bypass(
          entry, is_word(entry.last) ? std::min(entry.span * 2, settings_.bypass_max) : entry.span, now);
    case LearntState::kAccepted:
    case LearntState::kForgotten:
      return;
  }
}

void LearntTable::begin_bypass(Entry& entry, Duration span, Instant now) {
  entry.span = span;
  entry.until = now + span;
  enter(entry, LearntState::kBypass);
}

void LearntTable::on_success(const LearntPlace& place) {
  const std::string key = key_of(place);
  const std::uint64_t hash = hash_(key);
  const std::uint64_t tag = hash >> 32U << 32U;
  success_slot(hash).store(tag | seconds_of(clock_.now()), std::memory_order_relaxed);
  if (empty()) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end() || found->second->state == LearntState::kAccepted) return;
  forget(list_of(found->second->state), found->second);
}

/// The place's own, or the one of its two that was used longest ago.
std::atomic<std::uint64_t>& LearntTable::success_slot(std::uint64_t hash) {
  const auto [one, other] = slots_of(hash);
  const std::uint64_t first = successes_[one].load(std::memory_order_relaxed);
  const std::uint64_t second = successes_[other].load(std::memory_order_relaxed);
  if (first >> 32U == hash >> 32U) return successes_[one];
  if (second >> 32U == hash >> 32U) return successes_[other];
  return successes_[static_cast<std::uint32_t>(first) <= static_cast<std::uint32_t>(second) ? one : other];
}

bool LearntTable::succeeded_lately(const std::string& key, Instant now) const {
  const std::uint64_t hash = hash_(key);
  for (const std::size_t at : slots_of(hash)) {
    const std::uint64_t held = successes_[at].load(std::memory_order_relaxed);
    if (held == 0 || held >> 32U != hash >> 32U) continue;
    if (now - Instant(std::chrono::seconds(static_cast<std::uint32_t>(held))) < settings_.bypass_max)
      return true;
  }
  return false;
}

// --- The entries ----------------------------------------------------------------------------------------

LearntTable::Entry* LearntTable::find(const std::string& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  Entries& list = list_of(found->second->state);
  list.splice(list.begin(), list, found->second);
  return &*found->second;
}

LearntTable::Entry* LearntTable::find_or_make(const std::string& key, const LearntPlace& place) {
  if (Entry* known = find(key)) return known;
  if (!make_room()) return nullptr;
  suspects_.push_front({.key = key, .id = id_of(key), .place = std::make_shared<LearntPlace>(place)});
  index_.emplace(key, suspects_.begin());
  size_.store(index_.size(), std::memory_order_relaxed);
  return &suspects_.front();
}

/// The suspect that was in use least recently goes; bypasses and what was accepted never do.
bool LearntTable::make_room() {
  if (index_.size() < settings_.entries_max) return true;
  if (suspects_.empty()) return false;
  forget(suspects_, std::prev(suspects_.end()));
  return true;
}

void LearntTable::enter(Entry& entry, LearntState next, bool told) {
  LIMPID_CHECK(kLearntEdges.allow(entry.state, next), "a transition that learnt entries do not have");
  const LearntState before = entry.state;
  Entries& from = list_of(before);
  Entries& to = list_of(next);
  entry.state = next;
  if (&from != &to) to.splice(to.begin(), from, index_.find(entry.key)->second);
  if (told) tell(before, entry);
}

void LearntTable::tell(LearntState before, const Entry& entry) {
  generation_.fetch_add(1, std::memory_order_relaxed);
  if (changes_.list.size() >= kChangesMax) {
    ++changes_.untold;
  } else {
    changes_.list.push_back({before, shown(entry, clock_.now(), clock_.wall())});
  }
}

void LearntTable::forget(Entries& list, Entries::iterator at) {
  // The state says in which list an entry is: it goes from that one.
  Entries gone;
  gone.splice(gone.begin(), list, at);
  index_.erase(at->key);
  size_.store(index_.size(), std::memory_order_relaxed);
  const LearntState before = at->state;
  LIMPID_CHECK(kLearntEdges.allow(before, LearntState::kForgotten), "an entry that is never forgotten");
  at->state = LearntState::kForgotten;
  if (before != LearntState::kSuspect) tell(before, *at);  // suspects come and go
}

/// When it is forgotten, if nothing comes.
Instant LearntTable::ends(const Entry& entry) const {
  switch (entry.state) {
    case LearntState::kSuspect:
      return entry.last_failure + settings_.within;
    case LearntState::kProposed:
      return entry.last_failure + kProposalLasts;
    case LearntState::kBypass:
    case LearntState::kRetry:
      return entry.until + settings_.bypass_max;
    case LearntState::kAccepted:
    case LearntState::kForgotten:
      break;
  }
  return kNever;
}

// --- The control thread ---------------------------------------------------------------------------------

LearntEntry LearntTable::shown(const Entry& entry, Instant now, WallTime wall) const {
  const bool passes = entry.state == LearntState::kBypass || entry.state == LearntState::kRetry;
  const Instant until = passes ? entry.until : ends(entry);
  return {.id = entry.id,
          .place = entry.place,
          .state = entry.state,
          .mode = entry.mode,
          .last = entry.last,
          .failures = entry.failures,
          .clients = std::max(static_cast<std::uint32_t>(entry.clients.size()), entry.clients_before),
          .first_failure = wall - (now - entry.first_failure),
          .last_failure = wall - (now - entry.last_failure),
          .until = until == kNever ? WallTime{} : wall + (until - now),
          .span = entry.span,
          .sessions = entry.unseen->sessions.load(std::memory_order_relaxed),
          .bytes = entry.unseen->bytes.load(std::memory_order_relaxed)};
}

std::vector<LearntEntry> LearntTable::entries() const {
  std::vector<LearntEntry> all;
  const std::lock_guard<std::mutex> lock(mutex_);
  const Instant now = clock_.now();
  const WallTime wall = clock_.wall();
  all.reserve(index_.size());
  for (const Entries* list : {&settled_, &suspects_}) {
    for (const Entry& entry : *list) all.push_back(shown(entry, now, wall));
  }
  return all;
}

template <typename Change>
LearntTable::Changed LearntTable::change(std::string_view id, const Change& change) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Entries::iterator> meant;
  for (Entries* list : {&settled_, &suspects_}) {
    for (auto at = list->begin(); at != list->end(); ++at) {
      if (at->id == id) meant.push_back(at);
    }
  }
  if (meant.empty()) return Changed::kUnknown;
  if (meant.size() > 1) return Changed::kAmbiguous;
  change(meant.front());
  return Changed::kDone;
}

LearntTable::Changed LearntTable::accept(std::string_view id) {
  return change(id, [this](Entries::iterator at) {
    if (at->state != LearntState::kAccepted) enter(*at, LearntState::kAccepted);
  });
}

LearntTable::Changed LearntTable::forget(std::string_view id) {
  return change(id, [this](Entries::iterator at) { forget(list_of(at->state), at); });
}

void LearntTable::restore(const std::vector<LearntEntry>& entries) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Instant now = clock_.now();
  const WallTime wall = clock_.wall();
  const auto since = [&](WallTime time) { return now - std::clamp(wall - time, Duration{}, kProposalLasts); };
  for (const LearntEntry& each : entries) {
    const bool lasts = each.state == LearntState::kProposed || is_settled(each.state);
    const std::string key = key_of(*each.place);
    if (!lasts || index_.size() >= settings_.entries_max || index_.contains(key)) continue;
    // The session that was being tried is not there any more.
    const LearntState state = each.state == LearntState::kRetry ? LearntState::kBypass : each.state;
    Entries& list = list_of(state);
    Entry& made = list.emplace_back();
    made.key = key;
    made.id = id_of(key);
    made.place = each.place;
    made.state = state;
    made.mode = each.mode;
    made.last = each.last;
    made.failures = each.failures;
    made.clients_before = each.clients;
    made.first_failure = since(each.first_failure);
    made.last_failure = since(each.last_failure);
    made.span = std::clamp(each.span, settings_.bypass, settings_.bypass_max);
    made.until = now + std::clamp(each.until - wall, Duration{}, made.span);
    made.unseen->sessions = each.sessions;
    made.unseen->bytes = each.bytes;
    index_.emplace(key, std::prev(list.end()));
  }
  size_.store(index_.size(), std::memory_order_relaxed);
}

void LearntTable::expire() {
  if (empty()) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  const Instant now = clock_.now();
  for (Entries* list : {&settled_, &suspects_}) {
    for (auto at = list->begin(); at != list->end();) {
      const auto each = at++;
      if (ends(*each) <= now) forget(*list, each);
    }
  }
}

LearntTable::Changes LearntTable::take_changes() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(changes_, {});
}

}  // namespace limpid::tls
