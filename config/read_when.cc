// "when" of a rule: what it asks of a connection, of its ClientHello, and of its server's certificate.
#include <algorithm>

#include "config/conditions.h"
#include "config/sections.h"
#include "dataplane/base/ascii.h"
#include "policy/upgrade_protocol.h"

namespace limpid::config {

namespace {

using policy::NumberRange;

constexpr std::uint64_t kVlanMax = 4'094;
constexpr std::string_view kUntagged = "untagged";
constexpr std::uint64_t kKeyBitsMax = 16'384;
constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kDaysMax = 36'500 * kDay;

std::optional<NumberRange> read_vlan(const Value& value) {
  if (value.node().kind == YamlNode::Kind::kScalar && value.node().text == kUntagged)
    return NumberRange{0, 0};
  return read_range(value, "a VLAN identifier or \"untagged\"", kVlanMax);
}

/// One word of a list.
auto word_of(std::string_view kind, const std::vector<std::string>& words) {
  return [kind, &words](const Value& value) -> std::optional<std::string> {
    const auto word = value.one_of(kind, words);
    if (!word) return std::nullopt;
    return words[*word];
  };
}

/// With colons or without; nothing where it is none.
std::optional<std::string> read_fingerprint(const Value& value) {
  constexpr std::size_t kDigits = 64;
  constexpr std::string_view kExpected = "the SHA-256 of a certificate, as 64 hexadecimal digits";
  const auto text = value.text(kExpected);
  if (!text) return std::nullopt;
  std::string digits = small_letters(*text);
  digits.erase(std::remove(digits.begin(), digits.end(), ':'), digits.end());
  const bool hexadecimal = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (digits.size() == kDigits && hexadecimal) return digits;
  constexpr std::size_t kDigitsOfSha1 = 40;
  value.error(in_quotes(*text) + " is not a fingerprint", std::string(kExpected),
              digits.size() == kDigitsOfSha1 ? "this one looks like SHA-1" : "");
  return std::nullopt;
}

std::optional<std::string> read_text_pattern(const Value& value) {
  const auto text = value.text("a text, with \"*\" for any characters");
  if (!text) return std::nullopt;
  if (text->find_first_not_of('*') == std::string::npos) {
    value.error("matches every certificate", "a text such as \"*O=Bank AG*\"");
    return std::nullopt;
  }
  return policy::normalize_text_pattern(*text);
}

std::optional<NumberRange> read_bits(const Value& value) {
  return read_range(value, "a number of bits", kKeyBitsMax);
}

void read_days(Section& section, std::string_view key, Duration& into) {
  const auto value = section.take(key);
  const auto time = value ? value->duration(kDay, kDaysMax) : std::nullopt;
  if (time) into = *time;
}

void read_certificate(const Value& value, policy::CertificateConditions& when) {
  auto section = Section::open(value);
  if (!section) return;
  read_list(*section, "name", "host patterns", when.name, read_pattern);
  read_list(*section, "subject", "texts", when.subject, read_text_pattern);
  read_list(*section, "issuer", "texts", when.issuer, read_text_pattern);
  read_list(*section, "fingerprint", "fingerprints", when.fingerprint, read_fingerprint);
  read_list(*section, "key", "kinds of keys", when.key,
            word_of("a kind of key", policy::certificate_key_words()));
  read_list(*section, "key_bits", "numbers of bits", when.key_bits, read_bits);
  read_days(*section, "expires_within", when.expires_within);
  read_days(*section, "issued_within", when.issued_within);
  read_days(*section, "valid_for_more_than", when.valid_for_more_than);
  read_list(*section, "outcome", "outcomes", when.outcome,
            word_of("an outcome of verification", policy::certificate_outcome_words()));
  section->finish();
  if (!when.any() && !value.findings().any_error())
    value.error("asks for nothing", "at least one of its keys", "leave it out to mean every certificate");
}

}  // namespace

void read_when(const Value& value, const Reading& reading, policy::Conditions& when) {
  auto section = Section::open(value);
  if (!section) return;
  read_list(*section, "client", "addresses", when.client, read_prefix);
  read_list(*section, "server", "addresses", when.server, read_prefix);
  read_list(*section, "client_port", "ports", when.client_port, read_port_range);
  read_list(*section, "server_port", "ports", when.server_port, read_port_range);
  read_list(*section, "vlan", "VLAN identifiers", when.vlan, read_vlan);
  read_list(*section, "sni", "host patterns", when.sni, read_pattern);
  read_list(*section, "upgrade", "protocols", when.upgrade,
            word_of("a protocol before TLS", policy::upgrade_words()));
  read_list(*section, "connect_host", "host patterns", when.connect_host, read_pattern);
  read_list(*section, "connect_port", "ports", when.connect_port, read_port_range);
  read_list(*section, "segment", "segment names", when.segment,
            [&](const Value& element) { return reading.segments.find(element); });
  if (const auto certificate = section->take("certificate")) read_certificate(*certificate, when.certificate);
  section->finish();
}

}  // namespace limpid::config
