#include "control/cores.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace limpid::control {
namespace {

using Cores = std::vector<std::uint16_t>;

Cores allowed_now() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  Cores cores;
  for (std::uint16_t core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

TEST(Cores, WorkersHaveAllButTheFirst) {
  EXPECT_EQ(default_worker_cores(4), (Cores{1, 2, 3}));
  EXPECT_EQ(default_worker_cores(1), Cores{0});
  EXPECT_EQ(default_worker_cores(0), Cores{0}) << "where nobody knows how many there are";
}

TEST(Cores, OtherThreadsHaveWhatWorkersLeave) {
  EXPECT_EQ(cores_beside({1, 3}, {0, 1, 2, 3}), (Cores{0, 2}));
  EXPECT_EQ(cores_beside({7}, {2, 4}), (Cores{2, 4}));
}

TEST(Cores, OtherThreadsHaveAllWhereWorkersLeaveNone) {
  EXPECT_EQ(cores_beside({0, 1}, {0, 1}), (Cores{0, 1}));
  EXPECT_EQ(cores_beside({0}, {0}), Cores{0});
}

TEST(Cores, AThreadAndThoseThatItStartsStayBesideTheWorkers) {
  const Cores before = allowed_now();
  const Cores workers{before.back()};
  Cores own, childs;
  std::thread([&] {
    EXPECT_TRUE(stay_beside(workers));
    own = allowed_now();
    std::thread([&childs] { childs = allowed_now(); }).join();
  }).join();
  EXPECT_EQ(own, cores_beside(workers, before));
  EXPECT_EQ(childs, own);
  EXPECT_EQ(allowed_now(), before) << "the starter's own";
}

}  // namespace
}  // namespace limpid::control
