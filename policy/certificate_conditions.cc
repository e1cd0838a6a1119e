#include "policy/certificate_conditions.h"

#include <algorithm>
#include <chrono>

#include "dataplane/base/ascii.h"
#include "policy/host_pattern.h"
#include "policy/treatment.h"

namespace limpid::policy {

namespace {

/// `pattern` with "*" for any characters, against all of the text. Where a star has taken too little, it
/// takes one character more: never more than pattern times text steps.
bool matches_text(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::size_t star = std::string_view::npos;
  std::size_t taken_until = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken_until = i;
    } else if (at < pattern.size() && pattern[at] == text[i]) {
      ++at;
      ++i;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      i = ++taken_until;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

template <typename Matches>
bool any_of_patterns(const std::vector<std::string>& patterns, const Matches& matches) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), matches);
}

bool holds_text(const std::vector<std::string>& patterns, std::string_view text) {
  return any_of_patterns(patterns, [&](const std::string& pattern) { return matches_text(pattern, text); });
}

bool holds_any(const std::vector<std::string>& wanted, const std::vector<std::string>& shown) {
  return any_of_patterns(wanted, [&](const std::string& one) {
    return std::find(shown.begin(), shown.end(), one) != shown.end();
  });
}

bool holds_name(const std::vector<std::string>& patterns, const std::vector<std::string>& names) {
  return any_of_patterns(patterns, [&](const std::string& pattern) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return includes(pattern, name); });
  });
}

/// A server proves that it has the key of its own certificate, but anybody can send along another's issuer.
bool holds_fingerprint(const CertificateConditions& when, const CertificateFacts& shown, bool to_pass) {
  if (when.fingerprint.empty() || !to_pass) return holds_any(when.fingerprint, shown.fingerprints);
  return !shown.fingerprints.empty() && holds_any(when.fingerprint, {shown.fingerprints.front()});
}

/// A rule that passes has to name every defect that it overlooks.
bool holds_outcome(const CertificateConditions& when, const CertificateFacts& shown, bool to_pass) {
  if (when.outcome.empty() || !to_pass) return holds_any(when.outcome, shown.outcomes);
  return std::all_of(shown.outcomes.begin(), shown.outcomes.end(),
                     [&](const std::string& found) { return holds_any(when.outcome, {found}); });
}

std::int64_t seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

CertificateRefusal refusal_of_dates(const CertificateConditions& when, const CertificateFacts& shown,
                                    std::int64_t now_s) {
  if (when.expires_within != Duration{} && shown.not_after_s - now_s > seconds(when.expires_within))
    return CertificateRefusal::kExpiry;
  if (when.issued_within != Duration{} && now_s - shown.not_before_s > seconds(when.issued_within))
    return CertificateRefusal::kIssued;
  if (when.valid_for_more_than != Duration{} &&
      shown.not_after_s - shown.not_before_s <= seconds(when.valid_for_more_than))
    return CertificateRefusal::kLifetime;
  return CertificateRefusal::kNone;
}

}  // namespace

const std::vector<std::string>& certificate_key_words() {
  static const std::vector<std::string> kWords = {"rsa", "rsa-pss", "ec", "ed25519", "ed448", "dsa"};
  return kWords;
}

const std::vector<std::string>& certificate_outcome_words() {
  static const std::vector<std::string> kWords = [] {
    std::vector<std::string> words = {"trusted"};
    const std::vector<std::string>& defects = certificate_defect_words();
    words.insert(words.end(), defects.begin(), defects.end());
    return words;
  }();
  return kWords;
}

std::string normalize_text_pattern(std::string_view text) { return small_letters(text); }

CertificateRefusal refusal(const CertificateConditions& when, const CertificateFacts& shown, bool to_pass,
                           WallTime now) {
  if (!holds_name(when.name, shown.names)) return CertificateRefusal::kName;
  if (!holds_text(when.subject, shown.subject)) return CertificateRefusal::kSubject;
  if (!holds_text(when.issuer, shown.issuer)) return CertificateRefusal::kIssuer;
  if (!holds_fingerprint(when, shown, to_pass)) return CertificateRefusal::kFingerprint;
  if (!holds_any(when.key, {shown.key})) return CertificateRefusal::kKey;
  if (!holds(when.key_bits, shown.key_bits)) return CertificateRefusal::kKeyBits;
  const CertificateRefusal of_dates =
      refusal_of_dates(when, shown, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  if (of_dates != CertificateRefusal::kNone) return of_dates;
  if (!holds_outcome(when, shown, to_pass)) return CertificateRefusal::kOutcome;
  const bool judged_itself = !when.outcome.empty() || !when.fingerprint.empty();
  return to_pass && !judged_itself && !shown.believed ? CertificateRefusal::kNotBelieved
                                                      : CertificateRefusal::kNone;
}

}  // namespace limpid::policy
