// What simulation_test is asked to do: which seeds, of which kind of run, shown or not.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tests/simulation/observer.h"

namespace limpid::simulation {

enum class Kind : std::uint8_t { kTcp, kBox };

struct CommandLine {
  std::uint64_t seeds = 1000;
  std::uint64_t first = 1;
  bool tcp = true;  // which kinds of run
  bool box = true;
  bool trace = false;
  bool writes_tables = false;
  std::string program = "simulation_test";

  static CommandLine parse(int argc, char** argv);
  bool wants(Kind kind) const { return kind == Kind::kTcp ? tcp : box; }
  /// What plays this seed alone.
  std::string replay(Kind kind, std::uint64_t seed) const;
};

/// That of this program.
CommandLine& command_line();

/// Plays every seed that is asked for; says how far it is. `play` returns what is wrong with a seed, or
/// nothing; `record` plays it once more. Ten failures are enough.
void play_seeds(Kind kind, const std::function<std::string(std::uint64_t seed)>& play,
                const std::function<void(std::uint64_t seed, Recording& to)>& record);

/// The seed once more, into a file; what that is called.
std::string recording_of(Kind kind, std::uint64_t seed,
                         const std::function<void(std::uint64_t seed, Recording& to)>& record);

}  // namespace limpid::simulation
