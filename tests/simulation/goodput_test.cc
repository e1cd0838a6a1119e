// A snapshot of goodput by loss and round-trip time, in virtual time: bulk data over a link of 100 Mbit/s.
// The table is printed; the tests judge ratios only, so that a window that is never used, or a recovery that
// always waits for its timer, does not pass unseen.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "tests/simulation/scenario.h"

namespace limpid::simulation {
namespace {

constexpr std::uint64_t kRate = 12'500'000;  // bytes per second
constexpr std::array kLosses{0.0, 0.001, 0.01, 0.03};
constexpr std::array<std::int64_t, 4> kRoundTripsMs{0, 2, 20, 100};

struct Setting {
  double loss = 0;
  Duration round_trip{};
  double reorder = 0;
  bool sack = true;
  tcp::CongestionControl control = tcp::CongestionControl::kCubic;
};

// Megabits per second of payload.
double goodput(const Setting& setting) {
  constexpr std::uint64_t kBytes = 6'000'000;
  Scenario scenario{.seed = 7};
  const Duration delay = std::max<Duration>(setting.round_trip / 2, std::chrono::microseconds{5});
  scenario.to_right = {
      .delay = delay, .loss = setting.loss, .reorder = setting.reorder, .bytes_per_second = kRate};
  scenario.to_right.reorder_delay = std::chrono::milliseconds{1};
  scenario.to_right.queue_bytes = 250'000;
  scenario.to_left = {.delay = delay, .bytes_per_second = kRate};
  scenario.left.settings.congestion = setting.control;
  scenario.left.adoption = {.snd_nxt = 0xFFFF0000U,
                            .rcv_nxt = 1000,
                            .peer_window = 65535,
                            .peer_window_shift = 7,
                            .our_window_shift = 7,
                            .sack = setting.sack,
                            .timestamps = true,
                            .mss = 1460,
                            .our_window_announced = 65535,
                            .rtt = 2 * delay};
  EndpointHostModel right;
  right.adoption = scenario.left.adoption;
  std::swap(right.adoption.snd_nxt, right.adoption.rcv_nxt);
  scenario.left.application.bytes = kBytes;
  scenario.right_endpoint = right;
  scenario.heals_after = std::chrono::hours{10};
  scenario.bound = std::chrono::hours{1};
  const RunResult result = run(scenario);
  EXPECT_FALSE(result.complaint) << *result.complaint << "\n" << result.log;
  const double seconds = std::chrono::duration<double>(result.took).count();
  return static_cast<double>(kBytes) * 8e-6 / seconds;
}

TEST(Goodput, FollowsLossAndRoundTripTimeAsTcpShould) {
  std::printf("goodput in Mbit/s over 100 Mbit/s, CUBIC, SACK\n%10s", "loss");
  for (const auto round_trip : kRoundTripsMs) std::printf("%8lld ms", static_cast<long long>(round_trip));
  std::printf("\n");
  std::array<std::array<double, 4>, 4> table{};
  for (std::size_t i = 0; i < kLosses.size(); ++i) {
    std::printf("%9.1f%%", kLosses[i] * 100);
    for (std::size_t j = 0; j < kRoundTripsMs.size(); ++j) {
      table[i][j] = goodput({.loss = kLosses[i], .round_trip = std::chrono::milliseconds{kRoundTripsMs[j]}});
      std::printf("%11.1f", table[i][j]);
    }
    std::printf("\n");
  }
  EXPECT_GT(table[0][1], 85.0);               // a clean path is filled
  EXPECT_GT(table[0][3], 15.0);               // and grows into a long one
  EXPECT_GT(table[1][1], table[0][1] * 0.8);  // one loss in a thousand costs little on a short path
  EXPECT_GT(table[2][1], table[0][1] * 0.5);
  EXPECT_GT(table[2][2], table[2][3] * 2);  // with losses, goodput falls with the round-trip time
  EXPECT_LT(table[3][3], table[1][3]);      // and with the losses: the window is really enforced
  EXPECT_LT(table[3][2], table[0][2] * 0.5);
}

TEST(Goodput, IsBetterWithSackAndSurvivesWithoutIt) {
  const Duration round_trip = std::chrono::milliseconds{20};
  const double with_sack = goodput({.loss = 0.01, .round_trip = round_trip});
  const double without = goodput({.loss = 0.01, .round_trip = round_trip, .sack = false});
  const double reno =
      goodput({.loss = 0.01, .round_trip = round_trip, .control = tcp::CongestionControl::kReno});
  const double reordered = goodput({.round_trip = round_trip, .reorder = 0.01});
  std::printf("1 %% loss, 20 ms: SACK %.1f, no SACK %.1f, NewReno %.1f; 1 %% reordered by 1 ms: %.1f\n",
              with_sack, without, reno, reordered);
  EXPECT_GT(with_sack, without);
  EXPECT_GT(without, with_sack * 0.2);
  EXPECT_GT(with_sack, reno * 0.7);
  const double in_order = goodput({.round_trip = round_trip});
  EXPECT_GT(reordered, in_order * 0.9);  // overtaking is no loss (RFC 8985)
}

}  // namespace
}  // namespace limpid::simulation
