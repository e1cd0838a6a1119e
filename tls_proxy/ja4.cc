#include "tls_proxy/ja4.h"

#include <algorithm>

#include "tls_proxy/certificate/fingerprint.h"

namespace limpid::tls {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::uint16_t kServerName = 0;
constexpr std::uint16_t kAlpn = 16;
constexpr std::uint16_t kPreSharedKey = 41;
constexpr std::uint16_t kEarlyData = 42;
constexpr std::size_t kHashSize = 12;
// Of each list, those that come first. No real client has a tenth of it; a hello made for that could have
// 30,000.
constexpr std::size_t kValuesMax = 512;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::vector<std::uint16_t> without_grease(const std::vector<std::uint16_t>& values) {
  std::vector<std::uint16_t> kept;
  kept.reserve(std::min(values.size(), kValuesMax));
  for (const std::uint16_t value : values) {
    if (kept.size() == kValuesMax) break;
    if (!is_grease(value)) kept.push_back(value);
  }
  return kept;
}

/// "1301,1302"
void append(std::string& list, const std::vector<std::uint16_t>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint16_t value = values[i];
    if (i > 0) list += ',';
    for (unsigned shift = 16; shift > 0; shift -= 4) list += kDigits[(value >> (shift - 4)) & 15U];
  }
}

std::string hash(const std::string& list) {
  if (list.empty()) return std::string(kHashSize, '0');
  return certificate::hex(certificate::fingerprint_of(list)).substr(0, kHashSize);
}

std::string_view version_of(const ClientHello& hello) {
  const std::vector<std::uint16_t> listed = without_grease(hello.versions);
  switch (listed.empty() ? hello.legacy_version : *std::max_element(listed.begin(), listed.end())) {
    case kTls13:
      return "13";
    case kTls12:
      return "12";
    case kTls11:
      return "11";
    case kTls10:
      return "10";
    case kSsl3:
      return "s3";
    default:
      return "00";
  }
}

std::string count(std::size_t values) {
  const std::size_t shown = std::min<std::size_t>(values, 99);
  return {kDigits[shown / 10], kDigits[shown % 10]};
}

/// The first protocol's first and last characters; of its hexadecimal form where these say nothing.
std::string protocol_of(const ClientHello& hello) {
  if (hello.alpn.empty() || hello.alpn.front().empty()) return "00";
  const char first = hello.alpn.front().front();
  const char last = hello.alpn.front().back();
  if (is_alphanumeric(first) && is_alphanumeric(last)) return {first, last};
  return {kDigits[static_cast<unsigned char>(first) >> 4U], kDigits[static_cast<unsigned char>(last) & 15U]};
}

}  // namespace

Ja4 Ja4::of(const ClientHello& hello) { return made_of(hello, without_grease(hello.extensions)); }

Ja4 Ja4::of_newcomer(const ClientHello& hello) {
  std::vector<std::uint16_t> extensions = without_grease(hello.extensions);
  std::erase(extensions, kPreSharedKey);
  std::erase(extensions, kEarlyData);
  return made_of(hello, std::move(extensions));
}

Ja4 Ja4::made_of(const ClientHello& hello, std::vector<std::uint16_t> extensions) {
  std::vector<std::uint16_t> ciphers = without_grease(hello.cipher_suites);
  std::sort(ciphers.begin(), ciphers.end());
  std::sort(extensions.begin(), extensions.end());
  const bool named = std::binary_search(extensions.begin(), extensions.end(), kServerName);
  std::string text = "t" + std::string(version_of(hello)) + (named ? 'd' : 'i') + count(ciphers.size()) +
                     count(extensions.size()) + protocol_of(hello);

  // What the first part says already is left out: it changes with the server.
  std::erase(extensions, kServerName);
  std::erase(extensions, kAlpn);
  std::string list;
  append(list, ciphers);
  text += '_' + hash(list);
  list.clear();
  append(list, extensions);
  const std::vector<std::uint16_t> signatures = without_grease(hello.signatures);
  if (!list.empty() && !signatures.empty()) {
    list += '_';
    append(list, signatures);
  }
  text += '_' + hash(list);
  Ja4 made;
  std::copy_n(text.begin(), kSize, made.text_.begin());
  return made;
}

std::optional<Ja4> Ja4::parse(std::string_view text) {
  constexpr std::size_t kFirst = 10;
  constexpr std::size_t kSecond = 23;
  if (text.size() != kSize) return std::nullopt;
  Ja4 made;
  for (std::size_t i = 0; i < kSize; ++i) {
    const bool between = i == kFirst || i == kSecond;
    if (between ? text[i] != '_' : !is_alphanumeric(text[i])) return std::nullopt;
    made.text_[i] = text[i];
  }
  return made;
}

}  // namespace limpid::tls
