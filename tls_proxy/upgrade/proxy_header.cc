#include "tls_proxy/upgrade/proxy_header.h"

#include <algorithm>
#include <string_view>

namespace limpid::tls {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kLine = "PROXY "sv;
constexpr std::size_t kLineMax = 107;
constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kBinaryHeader = 16;  // signature, version and command, family, length
constexpr std::size_t kBinaryMax =
    4'096;  // addresses and a few fields; the specification's own bound is 64 KB
constexpr std::size_t kVersion = 2;

bool may_begin(std::string_view bytes, std::string_view with) {
  const std::size_t size = std::min(bytes.size(), with.size());
  return bytes.substr(0, size) == with.substr(0, size);
}

}  // namespace

ProxyHeader::Took ProxyHeader::take(Bytes& rest) {
  // Byte by byte while it is undecided: nothing of what the client says itself is to be taken.
  for (;;) {
    const std::string_view have = as_text(head_.bytes());
    if (have.size() >= kLine.size() && may_begin(have, kLine)) return take_line(rest);
    if (have.size() >= kSignature.size() && may_begin(have, kSignature)) return take_binary(rest);
    if (!may_begin(have, kLine) && !may_begin(have, kSignature)) return Took::kNone;
    if (rest.empty()) return Took::kPartly;
    head_.fill(head_.size() + 1, rest);
  }
}

ProxyHeader::Took ProxyHeader::take_line(Bytes& rest) {
  while (!as_text(head_.bytes()).ends_with("\r\n")) {
    if (head_.size() >= kLineMax) return Took::kMalformed;
    if (rest.empty()) return Took::kPartly;
    head_.fill(head_.size() + 1, rest);
  }
  return Took::kWhole;
}

ProxyHeader::Took ProxyHeader::take_binary(Bytes& rest) {
  if (!head_.fill(kBinaryHeader, rest)) return Took::kPartly;
  const std::size_t length = head_.at(kBinaryHeader - 2) << 8U | head_.at(kBinaryHeader - 1);
  if (head_.at(kSignature.size()) >> 4U != kVersion || length > kBinaryMax) return Took::kMalformed;
  return head_.fill(kBinaryHeader + length, rest) ? Took::kWhole : Took::kPartly;
}

}  // namespace limpid::tls
