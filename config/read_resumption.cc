// tls.resumption: whether sessions are resumed, how many are kept and for how long.
#include "config/sections.h"

namespace limpid::config {

void read_resumption(const Value& value, Resumption& made) {
  constexpr std::uint64_t kSessionsLeast = 16;
  constexpr std::uint64_t kSessionsMost = 1'048'576;
  constexpr Duration kLeast = std::chrono::minutes(1);
  constexpr Duration kMost = std::chrono::hours(24 * 7);  // RFC 8446 §4.6.1
  if (value.node().kind == YamlNode::Kind::kScalar) {
    if (const auto word = value.one_of("whether sessions are resumed", {"on", "off"})) made.on = *word == 0;
    return;
  }
  auto section = Section::open(value);
  if (!section) return;
  if (const auto most = section->take("sessions_max")) {
    const auto number = most->number("a number of sessions", kSessionsLeast, kSessionsMost);
    made.sessions_max = static_cast<std::uint32_t>(number.value_or(made.sessions_max));
  }
  if (const auto lifetime = section->take("lifetime"))
    made.lifetime = lifetime->duration(kLeast, kMost).value_or(made.lifetime);
  if (const auto period = section->take("ticket_key_period"))
    made.ticket_key_period = period->duration(kLeast, kMost).value_or(made.ticket_key_period);
  section->finish();
}

}  // namespace limpid::config
