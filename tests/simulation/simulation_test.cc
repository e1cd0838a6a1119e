// The deterministic simulator: each seed is one connection with its own links, settings and applications. A
// seed that fails prints how to replay it. `--seeds N` runs N of them, `--seed N` one with its trace.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/simulation/scenario.h"
#include "tests/simulation/tables.h"
#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::simulation {
namespace {

std::uint64_t seeds = 1000;
std::uint64_t first_seed = 1;
bool trace = false;
bool writes_tables = false;
std::string program;

/// The seed once more, into a file; what it is called.
std::string recording_of(std::uint64_t seed) {
  const std::string path = testing::TempDir() + "simulation-seed-" + std::to_string(seed) + ".pcapng";
  PcapngTrace file(path);
  run(Scenario::from_seed(seed), &file);
  file.finish();
  return file.ok() ? path : "none: " + path + " cannot be written";
}

TEST(Simulation, EverySeedDeliversItsStreamsByteForByteAndEnds) {
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  Coverage seen;
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    const Scenario scenario = Scenario::from_seed(seed);
    TextTrace text(stdout);
    const RunResult result = run(scenario, trace ? &text : nullptr);
    frames += result.frames;
    bytes += result.delivered;
    seen.recoveries += result.coverage.recoveries;
    seen.timeouts += result.coverage.timeouts;
    seen.tail_probes += result.coverage.tail_probes;
    seen.undone += result.coverage.undone;
    seen.echoed += result.coverage.echoed;
    seen.narrowed += result.coverage.narrowed;
    EXPECT_FALSE(result.complaint.has_value())
        << "seed " << seed << ": " << result.complaint.value_or("") << "\n"
        << result.log << scenario.describe() << "replay: " << program << " --seed " << seed
        << "\nrecording: " << recording_of(seed);
    if (trace) std::printf("%s%s", scenario.describe().c_str(), result.log.c_str());
  }
  std::printf("%llu seeds, %llu frames, %llu bytes\n", static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(frames), static_cast<unsigned long long>(bytes));
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

TEST(Simulation, ASeedIsOneRunAndAlwaysTheSame) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const RunResult once = run(Scenario::from_seed(seed));
    const RunResult again = run(Scenario::from_seed(seed));
    EXPECT_EQ(once.frames, again.frames);
    EXPECT_EQ(once.took, again.took);
    EXPECT_EQ(once.log, again.log);
  }
}

TEST(Simulation, ARecordingHoldsEverySegmentAsItWasSent) {
  const RunResult result = run(Scenario::from_seed(3));
  const std::string path = recording_of(3);
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const tool::PcapngContents contents = tool::read_pcapng(as_bytes(bytes));
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

void take_arguments(int argc, char** argv) {
  program = argv[0];
  if (argc == 2 && argv[1] == std::string_view("--write-tables")) writes_tables = true;
  for (int i = 1; i + 1 < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--seeds") seeds = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--first") first_seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--seed") {
      first_seed = std::strtoull(argv[i + 1], nullptr, 10);
      seeds = 1;
      trace = true;
    }
  }
}

}  // namespace limpid::simulation

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  limpid::simulation::take_arguments(argc, argv);
  if (limpid::simulation::writes_tables) {
    limpid::simulation::write_tables();
    return 0;
  }
  return RUN_ALL_TESTS();
}
