#include "dataplane/nic/eal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpid::nic {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;

RuntimeSettings settings_of(std::uint64_t memory_bytes) {
  RuntimeSettings settings;
  settings.memory_bytes = memory_bytes;
  settings.ports = {{.interface = "d0", .driver = PortDriver::kAfPacket, .pci = {}}};
  return settings;
}

MachineFacts machine_with(std::uint64_t huge_bytes) {
  return {
      .huge_bytes_free = huge_bytes, .memory_bytes_available = 8 * kGiB, .cores = {0, 1, 5}, .process = 77};
}

TEST(Eal, UsesOrdinaryPagesWhereThereAreNoHugeOnes) {
  const auto plan = plan_eal(settings_of(kGiB), machine_with(0));
  ASSERT_TRUE(plan.ok());
  EXPECT_FALSE(plan->huge);
  EXPECT_THAT(plan->arguments, Contains("--no-huge"));
  EXPECT_THAT(plan->arguments, Contains(std::to_string((kGiB + kEalBytes) >> 20U)));
}

TEST(Eal, UsesHugePagesWhereEnoughAreFree) {
  const auto plan = plan_eal(settings_of(kGiB), machine_with(2 * kGiB));
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->huge);
  EXPECT_THAT(plan->arguments, Contains("--in-memory"));
  EXPECT_THAT(plan->arguments, Not(Contains("--no-huge")));
}

TEST(Eal, DoesNotUseHugePagesThatAreTooFew) {
  const auto plan = plan_eal(settings_of(kGiB), machine_with(kGiB / 2));
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(plan->arguments, Contains("--no-huge"));
}

TEST(Eal, SharesNothingWithAnotherProcess) {
  const auto plan = plan_eal(settings_of(kGiB), machine_with(0));
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(plan->arguments, Contains("limpid-77"));
  EXPECT_THAT(plan->arguments, Contains("--no-shconf"));
  EXPECT_THAT(plan->arguments, Contains("--no-telemetry"));
}

TEST(Eal, MayRunOnEveryCoreOfTheProcess) {
  const auto plan = plan_eal(settings_of(kGiB), machine_with(0));
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(plan->arguments, Contains("0@(0,1,5)"));
}

TEST(Eal, LooksAtNoPciDeviceThatIsNotConfigured) {
  RuntimeSettings settings = settings_of(kGiB);
  EXPECT_THAT(plan_eal(settings, machine_with(0))->arguments, Contains("--no-pci"));
  settings.ports.push_back({.interface = {}, .driver = PortDriver::kAfPacket, .pci = "0000:3b:00.0"});
  const auto plan = plan_eal(settings, machine_with(0));
  EXPECT_THAT(plan->arguments, Not(Contains("--no-pci")));
  EXPECT_THAT(plan->arguments, Contains("0000:3b:00.0"));
}

TEST(Eal, NamesTheMemoryThatDoesNotFit) {
  const auto plan = plan_eal(settings_of(64 * kGiB), machine_with(0));
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error(), HasSubstr("dataplane.memory: 65536 MiB"));
  EXPECT_THAT(plan.error(), HasSubstr("8192 MiB are available"));
}

TEST(Eal, FindsTheCoresAndTheMemoryOfThisMachine) {
  const MachineFacts machine = look_at_machine();
  EXPECT_FALSE(machine.cores.empty());
  EXPECT_GT(machine.memory_bytes_available, 0U);
  EXPECT_GT(machine.process, 0);
}

}  // namespace
}  // namespace limpid::nic
