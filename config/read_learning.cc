// tls.learning: clients that do not accept forged certificates, and what becomes of their sessions.
#include "config/sections.h"

namespace limpid::config {

namespace {

void read_number(Section& section, std::string_view key, std::string_view what, std::uint32_t least,
                 std::uint32_t most, std::uint32_t& into) {
  if (const auto value = section.take(key))
    into = static_cast<std::uint32_t>(value->number(what, least, most).value_or(into));
}

void read_time(Section& section, std::string_view key, Duration least, Duration most, Duration& into) {
  if (const auto value = section.take(key)) into = value->duration(least, most).value_or(into);
}

}  // namespace

std::optional<policy::Learning> read_learning_mode(const Value& value) {
  static const std::vector<std::string> kWords = {"off", "propose", "auto"};
  const auto word = value.one_of("a way of learning", kWords);
  if (!word) return std::nullopt;
  return static_cast<policy::Learning>(*word);
}

void read_learning(const Value& value, const Files& files, Learning& made) {
  constexpr std::uint32_t kFailuresMost = 16;
  constexpr std::uint32_t kClientsMost = 8;
  constexpr std::uint32_t kEntriesLeast = 16;
  constexpr std::uint32_t kEntriesMost = 16'384;
  constexpr Duration kLeast = std::chrono::seconds(1);
  constexpr Duration kWithinMost = std::chrono::hours(24);
  constexpr Duration kBypassMost = std::chrono::hours(24 * 7);
  if (value.node().kind == YamlNode::Kind::kScalar) {
    made.mode = read_learning_mode(value).value_or(made.mode);
    return;
  }
  auto section = Section::open(value);
  if (!section) return;
  if (const auto mode = section->take("mode")) made.mode = read_learning_mode(*mode).value_or(made.mode);
  read_number(*section, "failures", "a number of failures", 1, kFailuresMost, made.failures);
  read_number(*section, "clients", "a number of clients", 1, kClientsMost, made.clients);
  read_number(*section, "entries_max", "a number of entries", kEntriesLeast, kEntriesMost, made.entries_max);
  read_time(*section, "within", kLeast, kWithinMost, made.within);
  read_time(*section, "bypass", kLeast, kBypassMost, made.bypass);
  read_time(*section, "bypass_max", kLeast, kBypassMost, made.bypass_max);
  if (const auto file = section->take("file")) made.file = files.output(*file, "a file").value_or(made.file);
  if (made.clients > made.failures) {
    value.error("so many clients cannot be among so few failures",
                "no more clients than failures (" + std::to_string(made.failures) + ")");
  }
  if (made.bypass > made.bypass_max)
    value.error("the first bypass is longer than the longest", "bypass_max: no shorter than bypass");
  section->finish();
}

}  // namespace limpid::config
