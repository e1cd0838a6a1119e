// port_map of an inline tool, a mirror, or a tool in a rule: { 443: 80 }.
#include "config/sections.h"
#include "config/units.h"

namespace limpid::config {

PortMap read_port_map(const Value& value) {
  constexpr std::string_view kExpected = "a port, 1 to 65535, as in { 443: 80 }";
  constexpr std::uint64_t kPortMost = 65'535;
  constexpr std::size_t kEntriesMax = 64;
  auto section = Section::open(value);
  if (!section) return {};
  std::vector<PortMap::Entry> entries;
  for (const Section::Named& each : section->take_rest()) {
    const auto from = parse_number(each.name.node().text);
    if (!from || *from < 1 || *from > kPortMost) {
      each.name.error(in_quotes(each.name.node().text) + " is not a server's port", std::string(kExpected));
      continue;
    }
    const auto to = each.value.number("the port that the tool sees", 1, kPortMost);
    if (to) entries.emplace_back(static_cast<std::uint16_t>(*from), static_cast<std::uint16_t>(*to));
  }
  if (entries.size() > kEntriesMax) value.error("there are too many ports", "64 at most");
  return PortMap(std::move(entries));
}

}  // namespace limpid::config
