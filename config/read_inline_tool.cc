// tools[].inline: what the plaintext passes through, and how it is seen whether that works.
#include <algorithm>
#include <charconv>
#include <chrono>

#include "config/sections.h"

namespace limpid::config {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kHeartbeatLeast = milliseconds(30);
constexpr Duration kHeartbeatMost = std::chrono::minutes(1);
constexpr std::size_t kPayloadMost = 1'400;  // one frame

void read_address(const Value& value, IpAddress& address) {
  const std::string expected = "an IPv4 address, as in \"198.51.100.1\"";
  const auto text = value.text(expected);
  if (!text) return;
  const auto parsed = IpAddress::parse(*text);
  if (!parsed || parsed->is_v6()) {
    value.error(in_quotes(*text) + " cannot be a heartbeat's address", expected);
    return;
  }
  address = *parsed;
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
  if (const auto address = section->take("address_a")) read_address(*address, made.address_a);
  if (const auto address = section->take("address_b")) read_address(*address, made.address_b);
  if (const auto port = section->take("port")) {
    const auto number = port->number("a UDP port", 1, 65'535);
    made.port = static_cast<std::uint16_t>(number.value_or(made.port));
  }
  if (const auto type = section->take("ethertype")) read_ethertype(*type, made.ethertype);
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
      return !each.client_side.pci.empty() || !each.server_side.pci.empty();
    });
    if (made.on_failure == ToolFailure::kPortsDown && devices) {
      on_failure->error("only kernel interfaces can be set down, and a segment has a PCI device",
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
  read_failure(*section, made.failure, reading);
  if (const auto timeout = section->take("open_timeout")) {
    const auto time = timeout->duration(milliseconds(100), seconds(30));
    if (time) made.open_timeout = *time;
  }
  if (const auto heartbeat = section->take("heartbeat")) read_heartbeat(*heartbeat, made.heartbeat);
  if (const auto negative = section->take("negative_heartbeat")) read_negative(*negative, made);
  section->finish();
}

}  // namespace limpid::config
