// The executable: gives the command line what it needs of the rest of limpid.
#include <iostream>

#include "config/load.h"
#include "control/appliance.h"
#include "control/command_line.h"
#include "control/interruption.h"
#include "control/version.h"
#include "dataplane/base/system_clock.h"

namespace {

using limpid::control::Commands;

std::optional<Commands::Places> places_of(const std::string& config, std::ostream& err) {
  const auto loaded = limpid::config::load(config, {.check_files = false});
  if (!loaded) {
    err << limpid::config::text(loaded.error());
    return std::nullopt;
  }
  return Commands::Places{loaded->control.socket, loaded->inventory.database};
}

/// Signals are left alone until a command asks for them.
bool interrupted_within(limpid::Duration time) {
  static limpid::control::Interruption interruption;
  return interruption.within(time);
}

limpid::WallTime wall_now() { return limpid::SystemClock().wall(); }

}  // namespace

int main(int argc, char** argv) {
  const Commands commands{
      .run = limpid::control::run_appliance,
      .check_config =
          [](const auto& arguments, std::ostream& out, std::ostream& err) {
            return limpid::control::check_config(arguments, wall_now(), out, err);
          },
      .explain = [](const auto& arguments, std::ostream& out,
                    std::ostream& err) { return limpid::control::explain(arguments, wall_now(), out, err); },
      .places = places_of,
      .interrupted_within = interrupted_within,
      .version = limpid::control::built_version,
      .now = wall_now};
  return limpid::control::run_command_line(argc, argv, commands, std::cout, std::cerr);
}
