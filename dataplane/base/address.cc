#include "dataplane/base/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "dataplane/base/check.h"

namespace limpid {

namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

IpAddress IpAddress::v4(Bytes four_bytes) {
  LIMPID_CHECK(four_bytes.size() == 4, "an IPv4 address has four bytes");
  IpAddress address;
  std::copy(four_bytes.begin(), four_bytes.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::v6(Bytes sixteen_bytes) {
  LIMPID_CHECK(sixteen_bytes.size() == 16, "an IPv6 address has sixteen bytes");
  IpAddress address;
  address.v6_ = true;
  std::copy(sixteen_bytes.begin(), sixteen_bytes.end(), address.bytes_.begin());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  std::array<std::byte, 16> bytes{};
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) return v4(Bytes(bytes).first(4));
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) return v6(bytes);
  return std::nullopt;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const std::optional<IpAddress> ip = IpAddress::parse(host);
  const std::optional<std::uint16_t> port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!ip || !port || ip->is_v6() != bracketed) return std::nullopt;
  return SocketAddress{*ip, *port};
}

std::string SocketAddress::text() const {
  const std::string host = ip.text();
  return (ip.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned bits = address->is_v6() ? 128 : 32;
  if (slash == std::string_view::npos) return IpPrefix{*address, static_cast<std::uint8_t>(bits)};
  const std::optional<unsigned> length = parse_number<unsigned>(text.substr(slash + 1));
  if (!length || *length > bits) return std::nullopt;
  const Bytes bytes = address->bytes();
  for (unsigned bit = *length; bit < bits; ++bit) {
    if ((std::to_integer<unsigned>(bytes[bit / 8]) >> (7 - bit % 8) & 1U) != 0) return std::nullopt;
  }
  return IpPrefix{*address, static_cast<std::uint8_t>(*length)};
}

bool IpPrefix::contains(const IpAddress& ip) const {
  if (ip.is_v6() != address.is_v6()) return false;
  const Bytes mine = address.bytes();
  const Bytes theirs = ip.bytes();
  const std::size_t whole = length / 8U;
  if (!std::equal(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(whole), theirs.begin()))
    return false;
  const unsigned rest = length % 8U;
  if (rest == 0) return true;
  const unsigned difference = std::to_integer<unsigned>(mine[whole] ^ theirs[whole]);
  return difference >> (8 - rest) == 0;
}

std::string IpPrefix::text() const { return address.text() + "/" + std::to_string(length); }

}  // namespace limpid
