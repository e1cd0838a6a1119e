#include "dataplane/flow/level.h"

#include <algorithm>

namespace limpid::flow {

std::string_view name(Level level) {
  switch (level) {
    case Level::kGreen:
      return "green";
    case Level::kYellow:
      return "yellow";
    case Level::kRed:
      return "red";
  }
  return "";
}

std::uint8_t percent(std::size_t used, std::size_t limit) {
  if (limit == 0) return 0;
  return static_cast<std::uint8_t>(std::min(used, limit) * 100 / limit);
}

Level LevelGauge::level_for(std::uint8_t load) const {
  const Level now = pressure_.level;
  if (load >= (now == Level::kRed ? settings_.red_until : settings_.red_from)) return Level::kRed;
  if (load >= (now == Level::kGreen ? settings_.yellow_from : settings_.yellow_until)) return Level::kYellow;
  return Level::kGreen;
}

void LevelGauge::update(std::uint8_t stream_percent, std::uint8_t buffers_percent, Instant now) {
  const Level next = level_for(std::max(stream_percent, buffers_percent));
  pressure_.stream_percent = stream_percent;
  pressure_.buffers_percent = buffers_percent;
  if (next == pressure_.level) return;
  if (next < pressure_.level && now - since_ < settings_.lasts) return;
  pressure_.level = next;
  since_ = now;
  ++changes_;
}

}  // namespace limpid::flow
