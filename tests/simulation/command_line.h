// What simulation_test is asked to do: which seeds, of which kind of run, shown or not.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
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

/// What all seeds came to.
struct Totals {
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  void print() const;
};

/// Plays one seed, shown where that is asked for. What is wrong with it, or nothing.
template <class Scenario, class Trace, class Coverage>
std::string play_seed(std::uint64_t seed, Totals& totals, Coverage& seen) {
  const Scenario scenario = Scenario::from_seed(seed);
  Trace text(stdout);
  const auto result = run(scenario, command_line().trace ? &text : nullptr);
  totals.frames += result.frames;
  totals.bytes += result.delivered;
  seen.add(result.coverage);
  const std::string stood = result.log + scenario.describe();
  if (command_line().trace) std::fputs(stood.c_str(), stdout);
  return result.complaint ? *result.complaint + "\n" + stood : std::string{};
}

template <class Scenario>
void expect_one_run_each(std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto once = run(Scenario::from_seed(seed));
    const auto again = run(Scenario::from_seed(seed));
    EXPECT_EQ(once.frames, again.frames);
    EXPECT_EQ(once.took, again.took);
    EXPECT_EQ(once.log, again.log);
  }
}

/// The seed once more, into a file; what that is called.
std::string recording_of(Kind kind, std::uint64_t seed,
                         const std::function<void(std::uint64_t seed, Recording& to)>& record);

}  // namespace limpid::simulation
