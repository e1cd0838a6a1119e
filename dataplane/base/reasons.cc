#include "dataplane/base/reasons.h"

namespace limpid {

namespace {

struct Entry {
  std::string_view name;
  std::optional<Culprit> culprit;
  std::string_view sentence;
};

constexpr std::array<Entry, kReasons> kEntries{{
    {"none", std::nullopt, ""},
#define LIMPID_REASON(id, culprit, sentence) {#id, Culprit::culprit, sentence},
#include "dataplane/base/reasons.def"
#undef LIMPID_REASON
}};

const Entry& entry(Reason reason) { return kEntries[static_cast<std::size_t>(reason)]; }

}  // namespace

std::string_view name(Reason reason) { return entry(reason).name; }
std::optional<Culprit> culprit(Reason reason) { return entry(reason).culprit; }
std::string_view sentence(Reason reason) { return entry(reason).sentence; }

std::string_view name(Culprit culprit) {
  switch (culprit) {
    case Culprit::client:
      return "client";
    case Culprit::server:
      return "server";
    case Culprit::tool:
      return "tool";
    case Culprit::network:
      return "network";
    case Culprit::limpid:
      return "limpid";
    case Culprit::policy:
      return "policy";
  }
  return "";
}

}  // namespace limpid
