// LevelWatch: says once of each change that a worker's level has changed. It is shown every worker's level
// now and then; what a level did between two looks is not told. Control thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "dataplane/flow/level.h"

namespace limpid::control {

class LevelWatch {
 public:
  /// `write` takes one line; `grave`: the level has become worse.
  using Write = std::function<void(bool grave, const std::string& line)>;
  LevelWatch(std::size_t workers, Write write) : seen_(workers), write_(std::move(write)) {}

  void look(std::size_t worker, const flow::Pressure& pressure);

 private:
  std::vector<flow::Level> seen_;
  Write write_;
};

}  // namespace limpid::control
