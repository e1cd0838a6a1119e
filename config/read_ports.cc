// segments and tools: where frames come in, and where plaintext goes.
#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "config/sections.h"
#include "dataplane/base/ascii.h"
#include "dataplane/base/nearest.h"

namespace limpid::config {

namespace {

constexpr std::size_t kNameMax = 64;
constexpr std::size_t kInterfaceNameMax = 15;  // IFNAMSIZ, without the final zero
constexpr std::size_t kNamesMax = 65'535;

bool name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

/// "0000:3b:00.0" of itself or of "3b:00.0"; empty where it is no PCI address.
std::string pci_address(std::string_view text) {
  constexpr std::string_view kPattern = "xxxx:xx:xx.7";
  std::string address = text.size() == 7 ? "0000:" + std::string(text) : std::string(text);
  if (address.size() != kPattern.size()) return "";
  for (std::size_t i = 0; i < address.size(); ++i) {
    char& c = address[i];
    c = small_letter(c);
    const bool hexadecimal = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    const bool fits = kPattern[i] == 'x'   ? hexadecimal
                      : kPattern[i] == '7' ? c >= '0' && c <= '7'
                                           : c == kPattern[i];
    if (!fits) return "";
  }
  return address;
}

void read_interface(const Value& value, Port& port) {
  constexpr std::string_view kExpected = "the name of a network interface, as in \"ip link\"";
  const auto name = value.text(kExpected);
  if (!name) return;
  const bool odd = std::any_of(name->begin(), name->end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == ',' || c == '=' || c == 0x7f;
  });
  if (name->size() > kInterfaceNameMax || odd || *name == "." || *name == "..") {
    value.error(in_quotes(*name) + " cannot be an interface's name", std::string(kExpected),
                name->size() > kInterfaceNameMax ? "such names have at most 15 characters" : "");
    return;
  }
  port.interface = *name;
}

void read_pci(const Value& value, Port& port) {
  const auto text = value.text("a PCI address, as in \"0000:3b:00.0\"");
  if (!text) return;
  port.pci = pci_address(*text);
  if (!port.pci.empty()) return;
  value.error(in_quotes(*text) + " is not a PCI address", "one like \"0000:3b:00.0\"; see \"lspci -D\"",
              "quote it: it holds colons");
}

}  // namespace

void claim(const Value& at, const std::string& device, Reading& reading) {
  const auto [user, fresh] = reading.ports.try_emplace(device, at.path());
  if (!fresh) at.error(in_quotes(device) + " is used by " + user->second + " already", "a port of its own");
}

namespace {

/// A group that is still to be read, and its tool's number.
struct UnreadGroup {
  std::size_t tool;
  Value value;
};

void read_tool(const Value& value, Tool& tool, Reading& reading, std::vector<UnreadGroup>& groups) {
  auto section = Section::open(value);
  if (!section) return;
  if (auto name = read_name(*section, reading.tools)) tool.name = std::move(*name);
  const auto mirror = section->take("mirror");
  const auto inline_tool = section->take("inline");
  const auto group = section->take("group");
  if (inline_tool && mirror) inline_tool->error("a tool is a mirror or inline, not both");
  if (group && (inline_tool || mirror)) group->error("a group has members, and neither a mirror nor ports");
  if (group) groups.push_back({reading.made.tools.size() - 1, *group});
  if (inline_tool) read_inline(*inline_tool, tool.inline_tool.emplace(), reading);
  if (mirror) read_mirror(*mirror, tool.mirror, reading);
  if (!inline_tool && !mirror && !group) {
    value.error(
        "\"mirror\", \"inline\" or \"group\" is missing",
        "mirror: { interface: … }, mirror: { pcapng: … }, inline: { side_a: …, side_b: … }, or group: { "
        "members: … }");
  }
  section->finish();
}

}  // namespace

void NameTable::add(const Value& value, const std::string& name) {
  const auto [known, fresh] = indices_.try_emplace(name, static_cast<std::uint16_t>(names_.size()));
  if (!fresh)
    value.error("the name " + in_quotes(name) + " is here twice", "a name of its own for every " + kind_);
  names_.push_back(name);
}

std::optional<std::uint16_t> NameTable::find(const Value& value) const {
  const std::string what = "the name of a " + kind_;
  const auto name = value.text(what);
  if (!name) return std::nullopt;
  const auto known = indices_.find(*name);
  if (known != indices_.end()) return known->second;
  value.error("there is no " + kind_ + " " + in_quotes(*name),
              names_.empty() ? what + "; there are none" : "one of: " + listed(names_),
              value.findings().full() ? "" : nearest_hint(*name, names_));
  return std::nullopt;
}

std::optional<std::string> read_name(Section& section, NameTable& table) {
  constexpr std::string_view kExpected = "1 to 64 letters, digits, \"-\", \"_\" or \".\"";
  const auto value = section.require("name", "name: a word of your choice");
  auto name = value ? value->text(kExpected) : std::nullopt;
  if (!name) {
    table.add(section.value(), "(unnamed " + section.value().path() + ")");  // indices stay in step
    return std::nullopt;
  }
  if (name->size() > kNameMax || !std::all_of(name->begin(), name->end(), name_character)) {
    value->error(in_quotes(*name) + " cannot be a name", std::string(kExpected));
  }
  table.add(*value, *name);
  return name;
}

void read_port_keys(Section& section, Port& port, Reading& reading) {
  const auto interface = section.take("interface");
  const auto driver = section.take("driver");
  const auto pci = section.take("pci");
  const auto memif = section.take("memif");
  if (interface) read_interface(*interface, port);
  if (pci) read_pci(*pci, port);
  if (memif) read_memif(section, *memif, port, reading);
  if (driver) {
    const auto word = driver->one_of("a driver", {"af_packet", "af_xdp", "tap"});
    if (word) port.driver = static_cast<Driver>(*word);
    if (pci && !interface) driver->error("a PCI device brings its own driver", "\"pci\" alone");
    if (memif && !pci && !interface) driver->error("a memif brings its own driver", "\"memif\" alone");
  }
  if (interface && pci) pci->error("a port is an interface or a PCI device, not both");
  if (memif && (interface || pci)) {
    memif->error("a port is a memif or " + std::string(interface ? "an interface" : "a PCI device") +
                 ", not both");
  }
  if (!interface && !pci && !memif)
    section.value().error("a port is missing", "interface: …, pci: … or memif: …");
  if (!port.interface.empty()) claim(*interface, port.interface, reading);
  if (!port.pci.empty()) claim(*pci, port.pci, reading);
}

void read_port(const Value& value, Port& port, Reading& reading) {
  auto section = Section::open(value);
  if (!section) return;
  read_port_keys(*section, port, reading);
  section->finish();
}

void read_segments(Section& root, Reading& reading) {
  const auto value = root.require("segments", "segments: at least one pair of ports to stand between");
  const auto elements = value ? value->list("segments", Value::ListForm::kList) : std::nullopt;
  if (!elements) return;
  if (elements->size() > kNamesMax) return value->error("there are too many segments");
  for (const Value& element : *elements) {
    Segment& segment = reading.made.segments.emplace_back();
    auto section = Section::open(element);
    if (!section) continue;
    if (auto name = read_name(*section, reading.segments)) segment.name = std::move(*name);
    const auto client = section->require("client_side", "client_side: the port towards the clients");
    if (client) read_port(*client, segment.client_side, reading);
    const auto server = section->require("server_side", "server_side: the port towards the servers");
    if (server) read_port(*server, segment.server_side, reading);
    section->finish();
  }
}

void read_tools(Section& root, Reading& reading) {
  const auto value = root.take("tools");
  if (!value || value->is_null()) return;
  const auto elements = value->list("tools", Value::ListForm::kListOrEmpty);
  if (!elements) return;
  if (elements->size() > kNamesMax) return value->error("there are too many tools");
  std::vector<UnreadGroup> groups;
  for (const Value& element : *elements)
    read_tool(element, reading.made.tools.emplace_back(), reading, groups);
  for (const UnreadGroup& each : groups)
    read_group(each.value, reading.made.tools[each.tool].group.emplace(), reading);
}

}  // namespace limpid::config
