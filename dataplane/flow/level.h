// The level of a worker: how near its memory is to its end. Green: all is well. Yellow: what may be small
// becomes small. Red: no new sessions, and those that have not moved for longest give their memory back. A
// level begins higher than it ends, and lasts for a while before a lower one follows, so that it neither
// flickers nor floods the log. Pure; thread: the worker's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/base/clock.h"

namespace limpid::flow {

enum class Level : std::uint8_t { kGreen, kYellow, kRed };

std::string_view name(Level level);

/// What a level is judged by, in hundredths in use. Four bytes, so that any thread can be shown it at once.
struct alignas(4) Pressure {
  Level level = Level::kGreen;
  std::uint8_t stream_percent = 0;   // of the worker's stream memory
  std::uint8_t buffers_percent = 0;  // of the packet buffers that are not the reserve for forwarding

  friend bool operator==(const Pressure&, const Pressure&) = default;
};

/// Where the levels begin and end, in hundredths in use.
struct LevelSettings {
  std::uint8_t yellow_from = 70;
  std::uint8_t yellow_until = 60;
  // Below seven eighths, where endpoints are refused the memory that is kept for receiving: red must come
  // first.
  std::uint8_t red_from = 85;
  std::uint8_t red_until = 75;
  Duration lasts = std::chrono::seconds(1);  // at least, before a lower one follows
};

std::uint8_t percent(std::size_t used, std::size_t limit);

class LevelGauge {
 public:
  explicit LevelGauge(const LevelSettings& settings) : settings_(settings) {}

  void update(std::uint8_t stream_percent, std::uint8_t buffers_percent, Instant now);
  const Pressure& pressure() const { return pressure_; }
  Level level() const { return pressure_.level; }
  std::uint64_t changes() const { return changes_; }

 private:
  Level level_for(std::uint8_t load) const;

  LevelSettings settings_;
  Pressure pressure_;
  Instant since_{};
  std::uint64_t changes_ = 0;
};

}  // namespace limpid::flow
