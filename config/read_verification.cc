// tls.verification, tls.intermediates, tls.revocation and its companions, and "verification" of a rule.
#include "config/sections.h"

namespace limpid::config {

namespace {

const std::vector<std::string>& treatment_words() {
  static const std::vector<std::string> kWords = {"decrypt", "pass", "decrypt-untrusted", "block"};
  return kWords;
}

/// One for each class of defect that the section names.
std::vector<policy::TreatmentOverride> read_treatments(Section& section) {
  std::vector<policy::TreatmentOverride> made;
  const std::vector<std::string>& defects = policy::certificate_defect_words();
  for (std::size_t i = 0; i < defects.size(); ++i) {
    const auto value = section.take(defects[i]);
    const auto word = value ? value->one_of("a treatment", treatment_words()) : std::nullopt;
    if (!word) continue;
    const auto defect = static_cast<policy::CertificateDefect>(i);
    const auto treatment = static_cast<policy::Treatment>(*word);
    if (treatment == policy::Treatment::kDecrypt && !policy::may_be_decrypted_as_trusted(defect)) {
      value->error("an invalid certificate is never shown to the client as a valid one",
                   "decrypt-untrusted, pass or block");
    } else {
      made.push_back({defect, treatment});
    }
  }
  return made;
}

void read_tls_verification(const Value& value, Tls& tls) {
  constexpr std::uint64_t kIntermediatesMost = 30;
  auto section = Section::open(value);
  if (!section) return;
  if (const auto most = section->take("intermediates_max")) {
    if (const auto number = most->number("a number of certificates", 0, kIntermediatesMost))
      tls.intermediates_max = static_cast<std::uint32_t>(*number);
  }
  for (const policy::TreatmentOverride& each : read_treatments(*section))
    tls.verification[static_cast<std::size_t>(each.defect)] = each.treatment;
  section->finish();
}

}  // namespace

std::vector<policy::TreatmentOverride> read_rule_verification(const Value& value) {
  auto section = Section::open(value);
  if (!section) return {};
  std::vector<policy::TreatmentOverride> made = read_treatments(*section);
  section->finish();
  return made;
}

void read_verification(Section& section, const Files& files, Tls& tls) {
  static const std::vector<std::string> kModes = {"off", "soft", "hard"};
  static const std::vector<std::string> kSwitch = {"off", "on"};
  if (const auto value = section.take("verification")) read_tls_verification(*value, tls);
  if (const auto value = section.take("intermediates"))
    tls.intermediates = files.pem(*value, "CERTIFICATE").value_or("");
  if (const auto value = section.take("revocation")) {
    if (const auto word = value->one_of("a mode", kModes)) tls.revocation = static_cast<Revocation>(*word);
  }
  if (const auto value = section.take("revocation_lists"))
    tls.revocation_lists = files.folder(*value).value_or("");
  if (const auto value = section.take("revocation_fetch"))
    tls.revocation_fetch = value->one_of("a switch", kSwitch) == 1;
  if (const auto value = section.take("revocation_ask"))
    tls.revocation_ask = value->one_of("a switch", kSwitch) == 1;
  if (const auto value = section.take("revocation_wait")) {
    constexpr Duration kMost = std::chrono::seconds(5);
    if (const auto wait = value->duration(std::chrono::milliseconds(1), kMost)) tls.revocation_wait = *wait;
  }
}

}  // namespace limpid::config
