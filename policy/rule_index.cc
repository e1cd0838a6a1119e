#include "policy/rule_index.h"

#include <algorithm>
#include <array>

namespace limpid::policy {

namespace {

constexpr unsigned kPortsFiledMax = 64;  // a rule with more ports than that is not filed by port

unsigned ports_of(const std::vector<PortRange>& ranges) {
  unsigned ports = 0;
  for (const PortRange& range : ranges) ports += range.last - range.first + 1U;
  return ports;
}

/// But the server name, perhaps: whether a rule holds then depends on the ClientHello alone.
bool has_no_condition(const When& when) {
  return when.client.empty() && when.server.empty() && when.client_port.empty() && when.server_port.empty() &&
         when.vlan.empty() && when.segment.empty();
}

}  // namespace

std::size_t RuleIndex::MaskedHash::operator()(const IpPrefix& prefix) const {
  return std::hash<std::string_view>{}(as_text(prefix.address.bytes())) * 31U + prefix.length;
}

IpPrefix RuleIndex::masked(const IpAddress& ip, std::uint8_t length) {
  std::array<std::byte, 16> bytes{};
  const Bytes given = ip.bytes();
  std::copy(given.begin(), given.end(), bytes.begin());
  const std::size_t whole = length / 8U;
  if (whole < given.size()) {
    bytes[whole] &= std::byte(static_cast<unsigned char>(0xff00U >> (length % 8U)));
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(whole) + 1, bytes.end(), std::byte{0});
  }
  const Bytes masked_bytes = Bytes(bytes).first(given.size());
  return {ip.is_v6() ? IpAddress::v6(masked_bytes) : IpAddress::v4(masked_bytes), length};
}

void RuleIndex::PrefixTable::add(const IpPrefix& prefix, std::uint32_t number) {
  std::vector<std::uint8_t>& lengths = prefix.address.is_v6() ? lengths_v6_ : lengths_v4_;
  if (std::find(lengths.begin(), lengths.end(), prefix.length) == lengths.end()) lengths.push_back(prefix.length);
  rules_[prefix].push_back(number);
}

void RuleIndex::add(std::uint32_t number, const When& when) {
  if (!when.server.empty()) {
    for (const IpPrefix& prefix : when.server) by_server_.add(prefix, number);
    return;
  }
  if (!when.client.empty()) {
    for (const IpPrefix& prefix : when.client) by_client_.add(prefix, number);
    return;
  }
  if (!when.server_port.empty() && ports_of(when.server_port) <= kPortsFiledMax) {
    for (const PortRange& range : when.server_port) {
      for (unsigned port = range.first; port <= range.last; ++port) {
        by_server_port_[static_cast<std::uint16_t>(port)].push_back(number);
      }
    }
    return;
  }
  if (general_ends_) return;
  general_.push_back(number);
  general_ends_ = has_no_condition(when);
}

}  // namespace limpid::policy
