#include "control/level_watch.h"

#include <string_view>
#include <utility>

namespace limpid::control {

namespace {

std::string_view consequence(flow::Level level) {
  switch (level) {
    case flow::Level::kGreen:
      return "everything is as usual";
    case flow::Level::kYellow:
      return "buffers no longer grow, and idle sessions are given less time";
    case flow::Level::kRed:
      return "no new sessions are intercepted, and those that stand still are ended";
  }
  return "";
}

}  // namespace

void LevelWatch::look(std::size_t worker, const flow::Pressure& pressure) {
  const flow::Level before = std::exchange(seen_[worker], pressure.level);
  if (before == pressure.level) return;
  write_(before < pressure.level,
         "worker " + std::to_string(worker) + ": level " + std::string(flow::name(pressure.level)) +
             " (before: " + std::string(flow::name(before)) + "): stream memory " +
             std::to_string(pressure.stream_percent) + " % in use, packet buffers " +
             std::to_string(pressure.buffers_percent) + " %; " + std::string(consequence(pressure.level)));
}

}  // namespace limpid::control
