// tools[].inline: what the plaintext passes through, and how it is seen whether that works.
#include <algorithm>
#include <charconv>
#include <chrono>

#include "config/sections.h"

namespace limpid::config {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// --- Segments -------------------------------------------------------------------------------------------

enum class TagForm : std::uint8_t { kTag, kOrUntagged };

/// A VLAN identifier (IEEE 802.1Q §9.6: 0 and 4095 mean something else); 0 for "untagged".
std::optional<std::uint16_t> read_tag(const Value& value, TagForm form) {
  constexpr std::uint64_t kVlanMost = 4'094;
  const YamlNode& node = value.node();
  if (form == TagForm::kOrUntagged && node.kind == YamlNode::Kind::kScalar && node.text == "untagged")
    return 0;
  const auto number = value.number("a VLAN identifier", 1, kVlanMost);
  return number ? std::optional(static_cast<std::uint16_t>(*number)) : std::nullopt;
}

void read_tool_segment(const Value& value, ToolSegment& made) {
  auto section = Section::open(value);
  if (!section) return;
  if (const auto vlan = section->take("vlan")) made.vlan = read_tag(*vlan, TagForm::kTag).value_or(0);
  if (const auto at = section->take("client_at")) {
    const auto word = at->one_of("a side of the tool", {"side_a", "side_b"});
    if (word) made.client_at_side_b = *word == 1;
  }
  section->finish();
}

/// What comes back from the tool has to tell its segment: by a tag of its own, or because all are alike.
void check_tool_segments(const Value& value, const std::vector<ToolSegment>& made, const Reading& reading) {
  const auto name_of = [&](std::size_t number) { return in_quotes(reading.made.segments[number].name); };
  const bool tags = std::any_of(made.begin(), made.end(), [](auto& each) { return each.vlan != 0; });
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (tags && made[i].vlan == 0) {
      value.error("segment " + name_of(i) + " has no tag here, and another one has",
                  "vlan: … for every segment, or for none");
    }
    if (!tags && made[i].client_at_side_b != made[0].client_at_side_b) {
      value.error(
          "the clients of " + name_of(0) + " and " + name_of(i) + " are at different sides of the tool",
          "vlan: … for every segment, so that they can be told apart");
      return;
    }
    const auto same = std::find_if(made.begin(), made.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](const ToolSegment& one) { return tags && one.vlan == made[i].vlan; });
    if (made[i].vlan != 0 && same != made.begin() + static_cast<std::ptrdiff_t>(i)) {
      value.error(name_of(static_cast<std::size_t>(same - made.begin())) + " and " + name_of(i) +
                      " have the same tag",
                  "a VLAN identifier of its own for every segment");
    }
  }
}

void read_tool_segments(const Value& value, std::vector<ToolSegment>& made, const Reading& reading) {
  auto section = Section::open(value);
  if (!section) return;
  const std::size_t before = value.findings().errors();
  made.resize(reading.made.segments.size());
  for (const Section::Named& each : section->take_rest()) {
    const auto segment = reading.segments.find(each.name);
    if (segment && *segment < made.size()) read_tool_segment(each.value, made[*segment]);
  }
  if (value.findings().errors() == before) check_tool_segments(value, made, reading);
}

// --- Heartbeats -----------------------------------------------------------------------------------------

constexpr Duration kHeartbeatLeast = milliseconds(30);
constexpr Duration kHeartbeatMost = std::chrono::minutes(1);
constexpr std::size_t kPayloadMost = 1'400;  // one frame

std::optional<IpAddress> read_address(const std::optional<Value>& value) {
  const std::string expected = "an address, as in 198.51.100.1 or \"2001:db8:a::1\"";
  const auto text = value ? value->text(expected) : std::nullopt;
  if (!text) return std::nullopt;
  const auto parsed = IpAddress::parse(*text);
  if (!parsed) value->error(in_quotes(*text) + " cannot be a heartbeat's address", expected);
  return parsed;
}

/// `ip: 6`, one address of IPv6 or both: the datagrams are IPv6's.
void read_addresses(Section& section, Heartbeat& made) {
  const auto ip = section.take("ip");
  const auto value_a = section.take("address_a");
  const auto value_b = section.take("address_b");
  const auto address_a = read_address(value_a);
  const auto address_b = read_address(value_b);
  const auto version = ip ? ip->one_of("a version of IP", {"4", "6"}) : std::nullopt;
  const bool v6 = version ? *version == 1 : (address_a ? address_a : address_b).value_or(IpAddress{}).is_v6();
  if (v6) {
    made.address_a = *IpAddress::parse("2001:db8:a::1");
    made.address_b = *IpAddress::parse("2001:db8:b::1");
  }
  made.address_a = address_a.value_or(made.address_a);
  made.address_b = address_b.value_or(made.address_b);
  for (const auto& [value, address] : {std::pair(value_a, address_a), std::pair(value_b, address_b)}) {
    if (address && address->is_v6() != v6)
      value->error("a heartbeat's addresses are of one kind", v6 ? "an IPv6 address" : "an IPv4 address");
  }
}

void read_ethertype(const Value& value, std::uint16_t& ethertype) {
  constexpr unsigned kLeast = 0x0600;  // below, it would be a length (IEEE 802.3 §3.2.6)
  const std::string expected = "0x0800 (a UDP datagram), or another EtherType, as in 0x88b5";
  const auto text = value.text(expected);
  if (!text) return;
  unsigned number = 0;
  const char* end = text->data() + text->size();
  const bool hexadecimal = text->starts_with("0x") && std::from_chars(text->data() + 2, end, number, 16) ==
                                                          std::from_chars_result{end, {}};
  if (!hexadecimal || number < kLeast || number > 0xffff) {
    value.error(in_quotes(*text) + " is not an EtherType for heartbeats", expected);
  } else if (number == 0x86dd || number == 0x8100 || number == 0x88a8) {
    value.error(in_quotes(*text) + " means IPv6 or a VLAN tag", expected);
  } else {
    ethertype = static_cast<std::uint16_t>(number);
  }
}

void read_times(Section& section, Heartbeat& made) {
  const auto interval = section.take("interval");
  const auto timeout = section.take("timeout");
  if (interval) made.interval = interval->duration(kHeartbeatLeast, kHeartbeatMost).value_or(made.interval);
  made.timeout = std::min(made.timeout, made.interval);
  if (timeout) made.timeout = timeout->duration(milliseconds(10), kHeartbeatMost).value_or(made.timeout);
  if (timeout && made.timeout > made.interval) {
    timeout->error("a heartbeat is still awaited when the next one is sent", "no more than the interval");
  }
  if (const auto misses = section.take("misses")) {
    const auto number = misses->number("how many in a row mean that the tool is down", 1, 1'000);
    made.misses = static_cast<std::uint32_t>(number.value_or(made.misses));
  }
  if (const auto recovery = section.take("recovery")) {
    made.recovery = recovery->duration(kHeartbeatLeast, std::chrono::hours(24)).value_or(made.recovery);
  }
}

void read_heartbeat(const Value& value, Heartbeat& made) {
  if (value.node().kind == YamlNode::Kind::kScalar) {
    if (const auto word = value.one_of("whether there are heartbeats", {"on", "off"})) made.on = *word == 0;
    return;
  }
  auto section = Section::open(value);
  if (!section) return;
  read_times(*section, made);
  read_addresses(*section, made);
  if (const auto port = section->take("port")) {
    const auto number = port->number("a UDP port", 1, 65'535);
    made.port = static_cast<std::uint16_t>(number.value_or(made.port));
  }
  if (const auto type = section->take("ethertype")) read_ethertype(*type, made.ethertype);
  if (const auto vlan = section->take("vlan"))
    made.vlan = read_tag(*vlan, TagForm::kOrUntagged).value_or(made.vlan);
  section->finish();
}

void read_negative(const Value& value, InlineTool& made) {
  auto section = Section::open(value);
  if (!section) return;
  const std::string expected = "payload: what the tool must stop, 1 to 1400 bytes";
  const auto payload = section->require("payload", expected);
  const auto text = payload ? payload->text(expected) : std::nullopt;
  if (text && (text->empty() || text->size() > kPayloadMost)) {
    payload->error("a payload of " + std::to_string(text->size()) + " bytes", expected);
  }
  if (text) made.negative_heartbeat = *text;
  if (!made.heartbeat.on) value.error("heartbeats are off", "heartbeat: { … } beside it, or neither");
  section->finish();
}

}  // namespace

void read_failure(Section& section, FailureAction& made, const Reading& reading) {
  if (const auto on_failure = section.take("on_failure")) {
    const auto word = on_failure->one_of("what becomes of new sessions",
                                         {"reset", "bypass", "bypass_network", "drop_network", "ports_down"});
    if (word) made.on_failure = static_cast<ToolFailure>(*word);
    const auto& segments = reading.made.segments;
    const bool devices = std::any_of(segments.begin(), segments.end(), [](const Segment& each) {
      return each.client_side.interface.empty() || each.server_side.interface.empty();
    });
    if (made.on_failure == ToolFailure::kPortsDown && devices) {
      on_failure->error("only kernel interfaces can be set down, and a segment has another port",
                        "drop_network, which stops the traffic as well");
    }
  }
  if (const auto open_sessions = section.take("open_sessions")) {
    const auto word = open_sessions->one_of("what becomes of sessions in mid-stream", {"wait", "reset"});
    if (word) made.open_sessions = static_cast<OpenSessions>(*word);
  }
}

void read_inline(const Value& value, InlineTool& made, Reading& reading) {
  auto section = Section::open(value);
  if (!section) return;
  if (const auto side = section->require("side_a", "side_a: the port on the tool's client side"))
    read_port(*side, made.side_a, reading);
  if (const auto side = section->require("side_b", "side_b: the port on the tool's server side"))
    read_port(*side, made.side_b, reading);
  if (const auto segments = section->take("segments")) read_tool_segments(*segments, made.segments, reading);
  if (const auto ports = section->take("port_map")) made.port_map = read_port_map(*ports);
  read_failure(*section, made.failure, reading);
  if (const auto timeout = section->take("open_timeout")) {
    const auto time = timeout->duration(milliseconds(100), seconds(30));
    if (time) made.open_timeout = *time;
  }
  if (!made.segments.empty()) made.heartbeat.vlan = made.segments.front().vlan;  // unless they say otherwise
  if (const auto heartbeat = section->take("heartbeat")) read_heartbeat(*heartbeat, made.heartbeat);
  if (const auto negative = section->take("negative_heartbeat")) read_negative(*negative, made);
  section->finish();
}

}  // namespace limpid::config
