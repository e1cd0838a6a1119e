// The deterministic simulator of TCP: each seed is one connection with its own links, settings and
// applications. A seed that fails prints how to replay it. The command line: README.md.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "tests/simulation/command_line.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/tables.h"
#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::simulation {
namespace {

void record(std::uint64_t seed, Recording& to) {
  PcapngTrace trace(to);
  run(Scenario::from_seed(seed), &trace);
}

TEST(Simulation, EverySeedDeliversItsStreamsByteForByteAndEnds) {
  if (!command_line().wants(Kind::kTcp)) GTEST_SKIP() << "--box";
  Totals totals;
  Coverage seen;
  play_seeds(
      Kind::kTcp, [&](std::uint64_t seed) { return play_seed<Scenario, TextTrace>(seed, totals, seen); },
      record);
  const std::uint64_t seeds = command_line().seeds;
  totals.print();
  std::printf("%llu recoveries, %llu time-outs, %llu tail probes, %llu undone, %llu echoes, %llu narrowed\n",
              static_cast<unsigned long long>(seen.recoveries),
              static_cast<unsigned long long>(seen.timeouts),
              static_cast<unsigned long long>(seen.tail_probes), static_cast<unsigned long long>(seen.undone),
              static_cast<unsigned long long>(seen.echoed), static_cast<unsigned long long>(seen.narrowed));
  if (seeds < 1000) return;
  // What the seeds no longer bring about is no longer tested.
  EXPECT_GT(seen.recoveries, seeds / 10);
  EXPECT_GT(seen.timeouts, seeds / 10);
  EXPECT_GT(seen.tail_probes, seeds / 10);
  EXPECT_GT(seen.undone, seeds / 100);
  EXPECT_GT(seen.echoed, seeds / 100);
  EXPECT_GT(seen.narrowed, seeds / 100);
}

TEST(Simulation, ASeedIsOneRunAndAlwaysTheSame) { expect_one_run_each<Scenario>(5); }

TEST(Simulation, ARecordingHoldsEverySegmentAsItWasSent) {
  const RunResult result = run(Scenario::from_seed(3));
  const std::string path = recording_of(Kind::kTcp, 3, record);
  const tool::PcapngContents contents = tool::read_pcapng_file(path);
  EXPECT_GT(result.frames, 10U);
  ASSERT_EQ(contents.frames.size(), result.frames);
  for (const tool::ToldFrame& frame : contents.frames) {
    const auto view = wire::parse(frame.bytes);
    ASSERT_TRUE(view.ok());
    EXPECT_TRUE(wire::checksums_valid(*view));
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace limpid::simulation

int main(int argc, char** argv) {
  using limpid::simulation::command_line;
  testing::InitGoogleTest(&argc, argv);
  command_line() = limpid::simulation::CommandLine::parse(argc, argv);
  if (command_line().writes_tables) {
    limpid::simulation::write_tables();
    return 0;
  }
  return RUN_ALL_TESTS();
}
