// tools[].mirror: where copies of the plaintext go, of which sessions, and what of them is masked.
#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "config/sections.h"
#include "config/units.h"
#include "dataplane/base/ascii.h"
#include "policy/secret_patterns.h"

namespace limpid::config {

namespace {

constexpr Duration kYear = std::chrono::hours(24 * 366);

// --- Where to -------------------------------------------------------------------------------------------

void read_rotation(const Value& value, Rotation& rotate) {
  constexpr std::uint64_t kSizeLeast = std::uint64_t{64} << 10U;
  constexpr std::uint64_t kSizeMost = std::uint64_t{1} << 40U;
  constexpr std::uint64_t kKeepMost = 99'999;
  auto section = Section::open(value);
  if (!section) return;
  const auto size = section->take("size");
  const auto every = section->take("every");
  const auto keep = section->take("keep");
  if (size) rotate.size_bytes = size->size(kSizeLeast, kSizeMost).value_or(0);
  if (every) rotate.every = every->duration(std::chrono::seconds(1), kYear).value_or(Duration{});
  if (keep) {
    const auto files = keep->number("how many files are kept", 1, kKeepMost);
    rotate.keep = static_cast<std::uint32_t>(files.value_or(0));
  }
  if (!size && !every)
    value.error("nothing says when the next file begins", "size: 1GiB, every: 1h, or both");
  section->finish();
}

// But for ports.
constexpr std::array<std::string_view, 5> kTargets{"pcapng", "pcap_over_ip", "vxlan", "gre", "erspan"};

struct TunnelBounds {
  std::uint32_t id_least = 0;
  std::uint32_t id_most = 0;
  std::string_view id_is;
};

TunnelBounds bounds_of(TunnelKind kind) {
  switch (kind) {
    case TunnelKind::kVxlan:
      return {0, 0xffffff, "the VXLAN network identifier"};
    case TunnelKind::kGre:
      return {0, UINT32_MAX, "the GRE key"};
    case TunnelKind::kErspan:
      return {0, 0x3ff, "the ERSPAN session"};
  }
  return {};
}

/// "10.9.0.7", and for VXLAN "10.9.0.7:4789" as well.
void read_collector(const Value& value, Tunnel& tunnel) {
  constexpr std::uint16_t kVxlanPort = 4'789;
  const bool with_port = tunnel.kind == TunnelKind::kVxlan;
  const std::string expected =
      with_port ? "the collector's address, as 10.9.0.7, \"10.9.0.7:4789\" or \"[2001:db8::7]:4789\""
                : "the collector's address, as 10.9.0.7 or \"2001:db8::7\"";
  const auto text = value.text(expected);
  if (!text) return;
  const auto address = IpAddress::parse(*text);
  const auto with = with_port ? SocketAddress::parse(*text) : std::nullopt;
  if (address) tunnel.collector = {*address, with_port ? kVxlanPort : std::uint16_t{0}};
  if (with && with->port != 0) tunnel.collector = *with;
  if (tunnel.collector == SocketAddress{})
    value.error(in_quotes(*text) + " is not a collector's address", expected);
}

void read_tunnel(const Value& value, TunnelKind kind, const std::optional<Value>& id,
                 const std::optional<Value>& mtu, Tunnel& tunnel) {
  constexpr std::uint64_t kMtuMost = 9'216;
  tunnel.kind = kind;
  read_collector(value, tunnel);
  const TunnelBounds bounds = bounds_of(kind);
  if (kind != TunnelKind::kGre) tunnel.id = 1;
  if (id) {
    const auto number = id->number(bounds.id_is, bounds.id_least, bounds.id_most);
    if (number) tunnel.id = static_cast<std::uint32_t>(*number);
  }
  if (mtu) {
    const std::uint64_t least = tunnel.collector.ip.is_v6() ? 1'280 : 576;
    const auto bytes = mtu->number("bytes of a packet on its way to the collector", least, kMtuMost);
    if (bytes) tunnel.mtu = static_cast<std::uint16_t>(*bytes);
  }
}

bool is_loopback(const IpAddress& ip) {
  return ip.is_v6() ? ip == *IpAddress::parse("::1") : ip.bytes().front() == std::byte{127};
}

void read_server(const Value& value, const std::optional<Value>& clients_max, CaptureServer& server,
                 Reading& reading) {
  constexpr std::string_view kExpected = "where clients connect, as \"127.0.0.1:57012\" or \"[::1]:57012\"";
  constexpr std::uint64_t kClientsMost = 64;
  if (const auto text = value.text(kExpected)) {
    const auto address = SocketAddress::parse(*text);
    if (!address || address->port == 0) {
      value.error(in_quotes(*text) + " is not an address with a port", std::string(kExpected));
    } else {
      server.listen = *address;
      claim(value, address->text(), reading);
      if (!is_loopback(address->ip)) {
        value.warning("whoever reaches this address reads plaintext",
                      "127.0.0.1, with a tunnel of yours, is safer");
      }
    }
  }
  if (clients_max) {
    const auto number = clients_max->number("how many clients may be connected", 1, kClientsMost);
    if (number) server.clients_max = static_cast<std::uint16_t>(*number);
  }
}

struct Target {
  std::string_view key;
  Value value;
};

/// What a mirror writes or sends to; nothing where that is a port. More than one is an error.
std::optional<Target> take_target(Section& section) {
  std::optional<Target> target;
  const auto refuse = [&](const Value& other) {
    other.error("a mirror has one target, and \"" + std::string(target->key) + "\" is one already");
  };
  for (const std::string_view key : kTargets) {
    const auto value = section.take(key);
    if (value && target) refuse(*value);
    if (value && !target) target.emplace(Target{key, *value});
  }
  if (!target) return target;
  for (const std::string_view key : {"interface", "driver", "pci", "memif", "role"}) {
    if (const auto value = section.take(key)) refuse(*value);
  }
  return target;
}

/// Keys that only some targets have.
struct TargetKeys {
  std::optional<Value> content;
  std::optional<Value> rotate;
  std::optional<Value> clients_max;
  std::optional<Value> id;
  std::optional<Value> mtu;
};

void read_target(const Target& target, const TargetKeys& keys, Mirror& mirror, Reading& reading) {
  if (target.key == "pcap_over_ip")
    return read_server(target.value, keys.clients_max, mirror.server.emplace(), reading);
  if (target.key == "pcapng") {
    if (auto path = reading.files.output(target.value, "a pcapng file")) mirror.pcapng = std::move(*path);
    if (!mirror.pcapng.empty()) claim(target.value, mirror.pcapng, reading);
    return;
  }
  for (const TunnelKind kind : {TunnelKind::kVxlan, TunnelKind::kGre, TunnelKind::kErspan}) {
    if (target.key == name(kind)) read_tunnel(target.value, kind, keys.id, keys.mtu, mirror.tunnel.emplace());
  }
}

void read_content(const Value& value, bool file, Content& content) {
  const auto word = value.one_of("what a file may hold", {"plaintext", "ciphertext", "both"});
  if (word) content = static_cast<Content>(*word);
  if (content == Content::kPlaintext) return;
  if (!file) return value.error("only a file has a place for secrets", "pcapng: FILE beside it");
  value.warning("whoever reads this file decrypts the clients' connections: their secrets are in it",
                "keep it as you would keep the plaintext");
}

// --- Which sessions, and what is masked -----------------------------------------------------------------

/// "10%" or "0.25%" in millionths.
std::optional<std::uint32_t> parse_share(std::string_view text) {
  constexpr std::size_t kDecimalsMax = 4;
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const std::size_t dot = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, dot));
  std::string decimals(dot == text.size() ? "" : text.substr(dot + 1));
  if (decimals.size() > kDecimalsMax || (dot != text.size() && decimals.empty())) return std::nullopt;
  decimals.resize(kDecimalsMax, '0');
  const auto millionths = parse_number(digits.empty() ? "" : digits + decimals);
  if (!millionths || *millionths == 0 || *millionths > kShareAll) return std::nullopt;
  return static_cast<std::uint32_t>(*millionths);
}

void read_sample(const Value& value, std::uint32_t& share) {
  constexpr std::string_view kExpected = "a share of the sessions, 0.0001% to 100%";
  const auto text = value.text(kExpected);
  if (!text) return;
  const auto parsed = parse_share(*text);
  if (parsed) share = *parsed;
  if (!parsed) value.error(in_quotes(*text) + " is not a share", std::string(kExpected));
}

/// A token (RFC 9110 §5.1), in small letters.
std::optional<std::string> field_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && (c < '0' || c > '9') &&
        std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos)
      return std::nullopt;
    name += small_letter(c);
  }
  return name.empty() ? std::nullopt : std::optional(name);
}

void read_masked_headers(const Value& value, Mask& mask) {
  constexpr std::string_view kExpected = "the name of an HTTP header field, as authorization";
  const auto elements = value.list("headers", Value::ListForm::kListOrOne);
  if (!elements) return;
  for (const Value& element : *elements) {
    const auto text = element.text(kExpected);
    if (!text) continue;
    auto name = field_name(*text);
    if (name) mask.headers.push_back(std::move(*name));
    if (!name) element.error(in_quotes(*text) + " cannot be a header's name", std::string(kExpected));
  }
}

void read_masked_patterns(const Value& value, Mask& mask) {
  constexpr std::string_view kExpected = "card_numbers, or a regular expression, as \"AKIA[0-9A-Z]{16}\"";
  constexpr std::size_t kPatternsMax = 64;
  const auto elements = value.list("patterns", Value::ListForm::kListOrOne);
  if (!elements) return;
  if (elements->size() > kPatternsMax) return value.error("there are too many patterns", "64 at most");
  for (const Value& element : *elements) {
    const auto text = element.text(kExpected);
    if (!text) continue;
    if (*text == "card_numbers") {
      mask.card_numbers = true;
      continue;
    }
    const auto compiled = policy::SecretPatterns::compile({*text});
    if (compiled) mask.patterns.push_back(*text);
    if (!compiled) element.error(compiled.error(), std::string(kExpected), "give repetitions an end: {1,64}");
  }
}

void read_mask(const Value& value, Mask& mask) {
  auto section = Section::open(value);
  if (!section) return;
  const auto headers = section->take("headers");
  const auto patterns = section->take("patterns");
  if (headers) read_masked_headers(*headers, mask);
  if (patterns) read_masked_patterns(*patterns, mask);
  if (!headers && !patterns)
    value.error("nothing says what is masked", "headers: […], patterns: […], or both");
  section->finish();
}

// --- All of it ------------------------------------------------------------------------------------------

void check_keys(const TargetKeys& keys, bool file, const Mirror& mirror) {
  if (keys.rotate && !file) keys.rotate->error("only a file can be rotated", "pcapng: FILE beside it");
  if (keys.clients_max && !mirror.server)
    keys.clients_max->error("only a server has clients", "pcap_over_ip: ADDRESS beside it");
  for (const auto& only : {keys.id, keys.mtu}) {
    if (only && !mirror.tunnel)
      only->error("only a tunnel has this", "vxlan, gre or erspan: ADDRESS beside it");
  }
}

/// What becomes of the plaintext in the copy: after the content is known.
void read_changes(Section& section, Mirror& mirror) {
  if (const auto mask = section.take("mask")) {
    read_mask(*mask, mirror.mask);
    if (mirror.content != Content::kPlaintext)
      mask->error("ciphertext and its secrets show what is masked", "content: plaintext, or no mask");
  }
  if (const auto ports = section.take("port_map")) {
    mirror.port_map = read_port_map(*ports);
    if (mirror.content == Content::kCiphertext)
      ports->error("ciphertext has the flows' own ports", "content: plaintext or both");
  }
}

}  // namespace

void read_mirror(const Value& value, Mirror& mirror, Reading& reading) {
  auto section = Section::open(value);
  if (!section) return;
  const auto target = take_target(*section);
  if (!target) read_port_keys(*section, mirror.port.emplace(), reading);
  const bool id_is_memifs = mirror.port && mirror.port->memif;
  const TargetKeys keys{section->take("content"), section->take("rotate"), section->take("clients_max"),
                        id_is_memifs ? std::nullopt : section->take("id"), section->take("mtu")};
  if (target) read_target(*target, keys, mirror, reading);
  const bool file = target && target->key == "pcapng";
  if (keys.rotate) read_rotation(*keys.rotate, mirror.rotate);
  if (keys.content) read_content(*keys.content, file, mirror.content);
  check_keys(keys, file, mirror);
  if (const auto sample = section->take("sample")) read_sample(*sample, mirror.share);
  if (const auto at = section->take("at")) {
    const auto word = at->one_of("a place of copies", {"before_tools", "after_tools"});
    if (word) mirror.at = *word == 0 ? CopyAt::kBeforeTools : CopyAt::kAfterTools;
  }
  read_changes(*section, mirror);
  section->finish();
}

}  // namespace limpid::config
