#include "tls_proxy/certificate/verdict.h"

#include <array>

namespace limpid::certificate {

namespace {

struct Words {
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array<Words, kOutcomes> kWords{{
    {"trusted", "the chain is valid and leads to a trusted root"},
#define LIMPID_CERTIFICATE_DEFECT(enumerator, word, sentence) {#word, sentence},
#include "dataplane/base/certificate_defects.def"
#undef LIMPID_CERTIFICATE_DEFECT
}};

}  // namespace

std::string_view name(Outcome outcome) { return kWords[static_cast<std::size_t>(outcome)].name; }
std::string_view sentence(Outcome outcome) { return kWords[static_cast<std::size_t>(outcome)].sentence; }

}  // namespace limpid::certificate
