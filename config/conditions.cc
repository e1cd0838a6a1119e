#include "config/conditions.h"

#include <algorithm>
#include <array>

#include "config/units.h"
#include "policy/host_pattern.h"

namespace limpid::config {

namespace {

constexpr std::uint64_t kPortMax = 65'535;

/// The address with its bits behind the length cleared.
IpPrefix prefix_of(const IpAddress& address, std::size_t length) {
  std::array<std::byte, 16> bytes{};
  const Bytes given = address.bytes();
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::size_t kept = std::min<std::size_t>(8, length > 8 * i ? length - 8 * i : 0);
    bytes[i] = given[i] & static_cast<std::byte>(0xff00U >> kept);
  }
  const Bytes masked = Bytes(bytes).first(given.size());
  return {address.is_v6() ? IpAddress::v6(masked) : IpAddress::v4(masked), static_cast<std::uint8_t>(length)};
}

/// Which part of what is no prefix is wrong; empty where nothing better can be said.
std::string prefix_hint(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (slash == std::string_view::npos) {
    return SocketAddress::parse(text) ? "leave the port out: client_port and server_port are for it" : "";
  }
  if (!address) return in_quotes(text.substr(0, slash)) + " is not an address";
  const std::size_t most = address->bytes().size() * 8;
  const auto length = parse_number(text.substr(slash + 1));
  if (!length || *length > most) return "the prefix length is 0 to " + std::to_string(most);
  return "the bits behind the length must be zero, as in " + prefix_of(*address, *length).text();
}

}  // namespace

std::optional<IpPrefix> read_prefix(const Value& value) {
  constexpr std::string_view kExpected = "an address or a prefix, as in 10.1.9.0/24 or 2001:db8::/32";
  const auto text = value.text(kExpected);
  if (!text) return std::nullopt;
  if (const auto prefix = IpPrefix::parse(*text)) return prefix;
  value.error(in_quotes(*text) + " is not an address or a prefix", std::string(kExpected),
              prefix_hint(*text));
  return std::nullopt;
}

std::optional<policy::NumberRange> read_range(const Value& value, std::string_view what, std::uint64_t most) {
  const std::string expected = std::string(what) + ", 1 to " + std::to_string(most) + ", or a range of them";
  const auto text = value.text(expected);
  if (!text) return std::nullopt;
  const std::string_view all(*text);
  const std::size_t dash = all.find('-');
  const auto first = parse_number(all.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_number(all.substr(dash + 1));
  if (!first || !last) {
    value.error(in_quotes(*text) + " is not a number or a range", expected,
                "a range is written as 8000-9000");
    return std::nullopt;
  }
  if (*first < 1 || *last > most || *first > *last) {
    value.error(in_quotes(*text) + (*first > *last ? " begins above its end" : " is out of range"), expected);
    return std::nullopt;
  }
  return policy::NumberRange{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

std::optional<policy::NumberRange> read_port_range(const Value& value) {
  return read_range(value, "a port", kPortMax);
}

std::optional<std::string> read_pattern(const Value& value) {
  constexpr std::string_view kExpected = "a host name, \"*.bank.example\" for all names below one, or \"*\"";
  const auto text = value.text(kExpected);
  if (!text) return std::nullopt;
  auto pattern = policy::normalize_pattern(*text);
  if (pattern) return std::move(pattern).value();
  value.error(in_quotes(*text) + " is not a host pattern: " + pattern.error(), std::string(kExpected));
  return std::nullopt;
}

}  // namespace limpid::config
