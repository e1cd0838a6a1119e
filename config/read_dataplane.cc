// dataplane, inventory, control, logging: the sections with nothing but values of their own.
#include <algorithm>

#include "config/sections.h"

namespace limpid::config {

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kTiB = std::uint64_t{1} << 40U;
constexpr std::uint64_t kCoresMax = 1023;
constexpr std::uint64_t kFlowsMax = 100'000'000;
constexpr std::uint64_t kSessionsMax = 10'000'000;

struct Range {
  std::uint64_t least;
  std::uint64_t most;
};

template <typename T>
void read_count(Section& section, std::string_view key, std::string_view what, Range range, T& into) {
  const auto value = section.take(key);
  if (!value) return;
  if (const auto number = value->number(what, range.least, range.most)) into = static_cast<T>(*number);
}

void read_size(Section& section, std::string_view key, std::uint64_t least, std::uint64_t& into) {
  const auto value = section.take(key);
  if (!value) return;
  if (const auto bytes = value->size(least, kTiB)) into = *bytes;
}

void read_cores(Section& section, std::vector<std::uint16_t>& cores) {
  const auto value = section.take("cores");
  if (!value) return;
  if (value->node().kind == YamlNode::Kind::kScalar && value->node().text == "auto") return;
  const auto elements = value->list("core numbers, as in [1, 2], or auto", Value::ListForm::kList);
  if (!elements) return;
  for (const Value& element : *elements) {
    const auto core = element.number("the number of a core", 0, kCoresMax);
    if (!core) continue;
    const auto number = static_cast<std::uint16_t>(*core);
    if (std::find(cores.begin(), cores.end(), number) != cores.end()) {
      element.error("core " + std::to_string(number) + " is here twice", "one worker for each core");
      continue;
    }
    cores.push_back(number);
  }
}

void read_limits(Section& dataplane, Limits& limits) {
  const auto value = dataplane.take("limits");
  auto section = value ? Section::open(*value) : std::nullopt;
  if (!section) return;
  read_count(*section, "client_sessions_max", "a number of intercepted sessions (0: no limit)",
             {0, kSessionsMax}, limits.client_sessions_max);
  read_count(*section, "client_watched_max", "a number of watched flows (0: no limit)", {0, kFlowsMax},
             limits.client_watched_max);
  if (const auto at_limit = section->take("at_limit")) {
    const auto word = at_limit->one_of("a way to refuse a flow", {"pass", "reset"});
    if (word) limits.at_limit = *word == 0 ? AtLimit::kPass : AtLimit::kReset;
  }
  section->finish();
}

}  // namespace

void read_dataplane(Section& root, Reading& reading) {
  const auto value = root.take("dataplane");
  auto section = value ? Section::open(*value) : std::nullopt;
  if (!section) return;
  Dataplane& made = reading.made.dataplane;
  read_cores(*section, made.cores);
  read_size(*section, "memory", 16 * kMiB, made.memory_bytes);
  read_size(*section, "stream_memory", 16 * kMiB, made.stream_memory_bytes);
  if (const auto idle = section->take("idle")) {
    const auto word = idle->one_of("a way to idle", {"adaptive", "busy"});
    if (word) made.idle = *word == 0 ? Idle::kAdaptive : Idle::kBusy;
  }
  read_count(*section, "flows_max", "the number of tracked flows", {1, kFlowsMax}, made.flows_max);
  read_count(*section, "sessions_max", "the number of intercepted sessions", {1, kSessionsMax},
             made.sessions_max);
  read_limits(*section, made.limits);
  if (const auto drain = section->take("drain")) {
    if (const auto time = drain->duration({}, std::chrono::hours(24))) made.drain = *time;
  }
  if (const auto ledger = section->take("ledger")) {
    if (auto path = reading.files.output(*ledger, "the ledger")) made.ledger = std::move(*path);
  }
  section->finish();
}

void read_inventory(Section& root, Reading& reading) {
  const auto value = root.take("inventory");
  auto section = value ? Section::open(*value) : std::nullopt;
  if (!section) return;
  if (const auto database = section->take("database")) {
    if (database->node().text.starts_with("postgresql://")) {
      database->error("a PostgreSQL database is not supported by this version yet",
                      "the path of an SQLite file");
    } else if (auto path = reading.files.output(*database, "the inventory")) {
      reading.made.inventory.database = std::move(*path);
    }
  }
  if (const auto keep = section->take("keep")) {
    const auto time = keep->duration(std::chrono::hours(1), std::chrono::hours(24 * 36'500));
    if (time) reading.made.inventory.keep = *time;
  }
  section->finish();
}

void read_control(Section& root, Reading& reading) {
  const auto value = root.take("control");
  auto section = value ? Section::open(*value) : std::nullopt;
  if (!section) return;
  if (const auto socket = section->take("socket")) {
    if (auto path = reading.files.socket(*socket)) reading.made.control.socket = std::move(*path);
  }
  section->finish();
}

void read_logging(Section& root, Reading& reading) {
  const auto value = root.take("logging");
  auto section = value ? Section::open(*value) : std::nullopt;
  if (!section) return;
  if (const auto level = section->take("level")) {
    const auto word = level->one_of("a log level", {"debug", "info", "warning", "error"});
    if (word) reading.made.logging.level = static_cast<LogLevel>(*word);
  }
  if (const auto file = section->take("file")) {
    if (auto path = reading.files.output(*file, "the log")) reading.made.logging.file = std::move(*path);
  }
  section->finish();
}

}  // namespace limpid::config
