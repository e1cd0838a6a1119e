// What verification found about a server's certificate. Values.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>

namespace limpid::certificate {

/// One class a chain. Where a chain has several defects, the gravest names it, and the detail names them all.
enum class Outcome : std::uint8_t {
  kTrusted,
#define LIMPID_CERTIFICATE_DEFECT(enumerator, word, sentence) enumerator,
#include "dataplane/base/certificate_defects.def"
#undef LIMPID_CERTIFICATE_DEFECT
};
inline constexpr std::size_t kOutcomes = 1
#define LIMPID_CERTIFICATE_DEFECT(enumerator, word, sentence) +1
#include "dataplane/base/certificate_defects.def"
#undef LIMPID_CERTIFICATE_DEFECT
    ;
using Classes = std::bitset<kOutcomes>;

/// "trusted", "expired", "unknown_issuer", …: stable, for records and filters.
std::string_view name(Outcome outcome);
/// What an operator reads.
std::string_view sentence(Outcome outcome);

struct Verdict {
  Outcome outcome = Outcome::kOther;
  std::string detail;  // every defect found, in words; empty when trusted without a remark
  Classes classes{};   // of all defects: what is done with the chain is what the worst of them deserves
  /// Nothing tells whether the server's own certificate is revoked, and nothing else is wrong: what its
  /// issuer may be asked (status_question.h); empty: nothing.
  std::string question{};

  bool trusted() const { return outcome == Outcome::kTrusted; }
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

}  // namespace limpid::certificate
