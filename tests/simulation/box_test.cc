// The simulator of the whole box: each seed is one flow engine between a client, a server and a tool, with
// its own links, policy and faults. A seed that fails prints how to replay it. The command line: README.md.
#include "tests/simulation/box.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <set>
#include <string>

#include "tests/simulation/command_line.h"
#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::simulation {
namespace {

void record(std::uint64_t seed, Recording& to) {
  BoxPcapngTrace trace(to);
  run(BoxScenario::from_seed(seed), &trace);
}

void print(const BoxCoverage& seen) {
  const auto print = [](const char* what, std::uint64_t count) {
    std::printf("%llu %s ", static_cast<unsigned long long>(count), what);
  };
  print("adopted,", seen.adopted);
  print("of them undecided,", seen.undecided);
  print("forwarded,", seen.forwarded);
  print("dropped,", seen.dropped);
  print("whole through a tool,", seen.through_tool);
  print("ended by it,", seen.tool_ended);
  print("broken by it,", seen.tool_broke);
  print("whole through a tool but not decrypted,", seen.detoured);
  print("of these cut,", seen.detour_cut);
  print("aborted,", seen.aborted);
  print("evicted,", seen.evicted);
  print("without a packet buffer,", seen.no_packet);
  print("without stream memory,", seen.no_chunk);
  print("ICMP reports\n", seen.reports);
}

/// What the seeds no longer bring about is no longer tested.
void expect_covered(const BoxCoverage& seen, std::uint64_t seeds) {
  EXPECT_GT(seen.adopted, seeds / 2);
  EXPECT_GT(seen.undecided, seeds / 100);
  EXPECT_GT(seen.forwarded, seeds / 50);
  EXPECT_GT(seen.dropped, seeds / 50);
  EXPECT_GT(seen.through_tool, seeds / 10);
  EXPECT_GT(seen.tool_ended, seeds / 200);
  EXPECT_GT(seen.tool_broke, seeds / 100);
  EXPECT_GT(seen.detoured, seeds / 200);
  EXPECT_GT(seen.detour_cut, seeds / 1000);
  EXPECT_GT(seen.aborted, seeds / 50);
  EXPECT_GT(seen.no_packet, seeds / 10);
  EXPECT_GT(seen.no_chunk, seeds / 100);
  EXPECT_GT(seen.reports, seeds / 100);
}

TEST(Box, EverySeedDeliversItsStreamsByteForByteAndLeavesNothing) {
  if (!command_line().wants(Kind::kBox)) GTEST_SKIP() << "--tcp";
  Totals totals;
  BoxCoverage seen;
  play_seeds(
      Kind::kBox,
      [&](std::uint64_t seed) { return play_seed<BoxScenario, BoxTextTrace>(seed, totals, seen); }, record);
  const std::uint64_t seeds = command_line().seeds;
  totals.print();
  print(seen);
  if (seeds >= 1000) expect_covered(seen, seeds);
}

/// Where the dice of scenarios change, these mean something else, and may go.
constexpr std::array<std::uint64_t, 6> kFound{
    4'023'429, 4'070'012,  // both ends are through with each other, and a dead tool has not taken everything
    6'035'781, 6'038'252, 6'107'237,  // both ends have closed while the tool was still shown the handshake
    6'179'258,                        // a congestion mark made a damaged frame's checksum right
};

TEST(Box, SeedsThatOnceFoundSomethingPass) {
  for (const std::uint64_t seed : kFound) {
    const BoxResult result = run(BoxScenario::from_seed(seed));
    EXPECT_FALSE(result.complaint) << "seed " << seed << ": " << *result.complaint;
  }
}

TEST(Box, ASeedIsOneRunAndAlwaysTheSame) { expect_one_run_each<BoxScenario>(5); }

/// The first seed whose session goes through a tool.
std::uint64_t seed_with_tool() {
  for (std::uint64_t seed = 1;; ++seed) {
    if (run(BoxScenario::from_seed(seed)).coverage.through_tool > 0) return seed;
  }
}

TEST(Box, ARecordingHoldsEveryFrameOfEveryLink) {
  const std::uint64_t seed = seed_with_tool();
  const BoxResult result = run(BoxScenario::from_seed(seed));
  const std::string path = recording_of(Kind::kBox, seed, record);
  const tool::PcapngContents contents = tool::read_pcapng_file(path);
  EXPECT_EQ(contents.interfaces, kBoxLinks);
  EXPECT_EQ(contents.frames.size(), result.frames);
  EXPECT_EQ(std::set<std::uint32_t>(contents.interface_of.begin(), contents.interface_of.end()).size(),
            kBoxLinks.size());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace limpid::simulation
