// DPDK against real interfaces: pairs of veth in a namespace of this process's own. Everything in this
// executable shares one Runtime, because DPDK starts once in a process.
#include "dataplane/nic/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "tests/unit/dataplane/nic/running_ports.h"

namespace limpid::nic {
namespace {

using ::testing::HasSubstr;

std::mutex log_mutex;
std::vector<std::string> logged;

class Machine final : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!network::enter_fresh_namespace()) return;
    ASSERT_TRUE(network::make_veth("d0", "f0") && network::make_veth("d1", "f1"));
    ASSERT_TRUE(network::make_veth("j0", "jf0", 9'000) && network::make_veth("j1", "jf1", 9'000));
    network::command("ethtool -K d1 gro on");
    RuntimeSettings settings = settings_with({at("d0"), at("d1"), at("j0"), at("j1")});
    settings.log = [](LogLevel, std::string_view line) {
      const std::lock_guard lock(log_mutex);
      logged.emplace_back(line);
    };
    auto started = Runtime::start(settings);
    ASSERT_TRUE(started.ok()) << started.error();
    running = std::move(started).value();
    network::command("ethtool -K d1 gro off");
  }
  void TearDown() override { running.reset(); }
};

const auto* const kMachine = ::testing::AddGlobalTestEnvironment(new Machine);

TEST_F(RuntimeTest, DoesNotStartTwiceInOneProcess) {
  const auto again = Runtime::start(settings_with({at("d0")}));
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.error(), HasSubstr("started in this process before"));
}

TEST_F(RuntimeTest, LeavesTheStartersCoresAlone) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  EXPECT_EQ(CPU_COUNT(&allowed), sysconf(_SC_NPROCESSORS_ONLN));
}

TEST_F(RuntimeTest, WorkersThreadIsPinnedAndCanUseThePool) {
  std::thread worker([] {
    const auto entered = running->enter_worker(0);
    ASSERT_TRUE(entered.ok()) << entered.error();
    EXPECT_EQ(sched_getcpu(), 0);
    EXPECT_TRUE(running->pool().allocate(100));
    running->leave_worker();
  });
  worker.join();
}

TEST_F(RuntimeTest, WarnsOfOffloadsThatAreStillOn) {
  ASSERT_EQ(running->warnings().size(), 1U);
  EXPECT_THAT(running->warnings()[0], HasSubstr("ethtool -K d1 gro off"));
}

TEST_F(RuntimeTest, HasDpdksLinesLoggedWhole) {
  const std::lock_guard lock(log_mutex);
  for (const std::string& line : logged) EXPECT_EQ(line.find('\n'), std::string::npos) << line;
}

}  // namespace
}  // namespace limpid::nic
