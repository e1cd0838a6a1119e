#include "control/live_view.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <map>
#include <thread>

#include "tests/unit/dataplane/worker/bench_workers.h"

namespace limpid::control {
namespace {

/// A worker that the test itself drives, while a question is asked on another thread.
class LiveViewTest : public worker::WorkerTest {
 protected:
  LiveView view() { return LiveView({{&worker(), nullptr, {}, {}, {}, 3}}, {"edge"}, clock); }

  void client_sends(int flow, unsigned flags, std::uint32_t seq) {
    client.arrive(frames::tcp({.source = address_of(flow),
                               .seq = seq,
                               .flags = flags,
                               .options = flags == tcp::kSyn ? flow::syn_options(1, 0) : ""}));
  }
  void open(int flow) { client_sends(flow, tcp::kSyn, 1000); }
  void open_all(int flows) {
    for (int flow = 0; flow < flows; ++flow) {
      open(flow);
      worker().run_once();
    }
  }
  /// It is gone a loop after the worker has seen it.
  void end(int flow) {
    client_sends(flow, tcp::kRst, 1001);
    clock.advance(std::chrono::seconds(10));
  }
  static std::string address_of(int flow) { return "10.0.0.1:" + std::to_string(20'000 + flow); }

  /// Asks, and lets the worker work one loop at a time; `between` is called after each slice.
  std::vector<SessionRow> asked(
      const SessionQuery& query, const std::function<void()>& between = [] {}) {
    const LiveView live = view();
    std::atomic<bool> over{false};
    auto rows = std::async(std::launch::async, [&] {
      std::vector<SessionRow> answer = live.sessions(query, [] {});
      over = true;
      return answer;
    });
    while (!over) {
      const std::uint64_t before = worker().counters().commands;
      worker().run_once();
      if (worker().counters().commands != before) between();
      std::this_thread::yield();
    }
    return rows.get();
  }
  static std::map<std::string, int> shown(const std::vector<SessionRow>& rows) {
    std::map<std::string, int> times;
    for (const SessionRow& row : rows) ++times[row.client];
    return times;
  }
};

TEST_F(LiveViewTest, ShowsEachFlowOnceThoughItTakesManySlices) {
  constexpr int kFlows = 900;
  open_all(kFlows);
  const std::uint64_t before = worker().counters().commands;
  const std::map<std::string, int> times = shown(asked({}));
  EXPECT_EQ(times.size(), std::size_t{kFlows});
  EXPECT_THAT(times, ::testing::Each(::testing::Pair(::testing::_, 1)));
  EXPECT_GE(worker().counters().commands - before, kFlows / LiveView::kDescribedPerSlice)
      << "no command describes more than a slice";
}

TEST_F(LiveViewTest, ShowsWhatStaysOnceWhileOthersComeAndGoBetweenSlices) {
  constexpr int kFlows = 900;
  constexpr int kChanges = 3;
  settings.commands_per_loop = 1;  // else several slices may be taken in one loop
  open_all(kFlows);
  int changes = 0;
  const auto times = shown(asked({}, [&] {
    // One that has been shown, one that has not been yet, and two new ones in their place.
    if (changes == kChanges) return;
    end(changes);
    end(kFlows - 1 - changes);
    open(kFlows + 2 * changes);
    open(kFlows + 2 * changes + 1);
    ++changes;
  }));
  EXPECT_EQ(changes, kChanges) << "there were few slices";
  for (int stays = kChanges; stays < kFlows - kChanges; ++stays)
    EXPECT_EQ(times.count(address_of(stays)), 1U) << stays;
  EXPECT_THAT(times, ::testing::Each(::testing::Pair(::testing::_, 1)));
}

TEST_F(LiveViewTest, LooksNoFurtherThanTheAskerWants) {
  open_all(600);
  SessionQuery query;
  query.limit = 10;
  const std::uint64_t before = worker().counters().commands;
  EXPECT_EQ(asked(query).size(), 10U);
  EXPECT_EQ(worker().counters().commands - before, 1U);
}

TEST_F(LiveViewTest, DescribesForwardedFlowsOnlyToWhoeverAsksForThem) {
  user.on_syn_says = flow::Disposition::kForward;
  open_all(300);
  EXPECT_EQ(asked({}).size(), 0U);
  SessionQuery all;
  all.all = true;
  EXPECT_EQ(asked(all).size(), 300U);
}

}  // namespace
}  // namespace limpid::control
