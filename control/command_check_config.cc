#include "control/command_check_config.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "config/effective.h"
#include "control/material.h"

namespace limpid::control {

namespace {

constexpr int kGood = 0;
constexpr int kFailed = 1;
constexpr int kWrong = 2;

std::string counted(std::size_t count, const char* one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

std::string summary(const config::Configuration& configuration) {
  return counted(configuration.segments.size(), "segment") + ", " +
         counted(configuration.tools.size(), "tool") + ", " +
         counted(configuration.policy.rules.size(), "rule");
}

/// {"ok": …, "problems": […], "effective": "…"} on one line.
void write_json(bool ok, const std::vector<config::ConfigError>& problems, const std::string& effective,
                std::ostream& out) {
  nlohmann::json object = {{"ok", ok}, {"problems", nlohmann::json::parse(config::json(problems))}};
  if (!effective.empty()) object["effective"] = effective;
  out << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

std::size_t errors_of(const std::vector<config::ConfigError>& problems) {
  std::size_t errors = 0;
  for (const config::ConfigError& problem : problems) errors += problem.severity == config::Severity::kError;
  return errors;
}

int written(std::ostream& out, int code) { return out.flush() ? code : kFailed; }

}  // namespace

int check_config(const CheckConfigArguments& arguments, WallTime now, std::ostream& out, std::ostream& err) {
  const auto loaded = load_startable(arguments.file, now);
  if (!loaded) {
    if (arguments.json) {
      write_json(false, loaded.error(), "", out);
      return written(out, kWrong);
    }
    err << config::text(loaded.error());
    // The last line may stand for errors that were only counted.
    err << counted(errors_of(loaded.error()), "error") << " in " << arguments.file << "\n";
    return kWrong;
  }
  const config::Configuration& good = loaded->configuration;
  const std::string effective = arguments.effective ? config::render_effective(good) : "";
  if (arguments.json) {
    write_json(true, good.warnings, effective, out);
    return written(out, kGood);
  }
  err << config::text(good.warnings);
  if (arguments.effective) {
    out << effective;
  } else {
    out << arguments.file << ": good: " << summary(good) << "\n";
  }
  return written(out, kGood);
}

}  // namespace limpid::control
