// Snapshot tables: goodput by loss, round-trip time and buffer, and how flows share a bottleneck, in virtual
// time. They are exact: a change of behaviour shows as a difference from the committed tables.txt, which
// `simulation_test --write-tables` writes anew. Beside them stand the ratios that every such table must show.
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <numeric>
#include <sstream>

#include "tests/simulation/bottleneck.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/tables.h"

namespace limpid::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kTablesFile = "tests/simulation/tables.txt";
constexpr std::uint64_t kRate = 12'500'000;  // bytes per second
constexpr std::array kLosses{0.0, 0.001, 0.01, 0.03};
constexpr std::array<std::int64_t, 4> kRoundTripsMs{0, 2, 20, 100};
constexpr std::array<std::size_t, 3> kBuffersKb{64, 256, 1024};

struct Setting {
  double loss = 0;
  Duration round_trip{};
  std::size_t buffer = std::size_t{1024} * 1024;  // of each end
  double reorder = 0;
  bool sack = true;
  tcp::CongestionControl control = tcp::CongestionControl::kCubic;
};

// Megabits per second of payload: bulk data over a link of 100 Mbit/s.
double goodput(const Setting& setting) {
  constexpr std::uint64_t kBytes = 6'000'000;
  Scenario scenario{.seed = 7};
  const Duration delay = std::max<Duration>(setting.round_trip / 2, std::chrono::microseconds{5});
  scenario.to_right = {
      .delay = delay, .loss = setting.loss, .reorder = setting.reorder, .bytes_per_second = kRate};
  scenario.to_right.reorder_delay = milliseconds{1};
  scenario.to_right.queue_bytes = 250'000;
  scenario.to_left = {.delay = delay, .bytes_per_second = kRate};
  scenario.left = bulk_sender(setting.control, setting.buffer);
  scenario.left.adoption.sack = setting.sack;
  scenario.left.adoption.rtt = 2 * delay;
  scenario.left.application.bytes = kBytes;
  scenario.right_endpoint = receiver_for(scenario.left);
  scenario.heals_after = std::chrono::hours{10};
  scenario.bound = std::chrono::hours{1};
  const RunResult result = run(scenario);
  EXPECT_FALSE(result.complaint) << *result.complaint << "\n" << result.log;
  const double took = std::chrono::duration<double>(result.took).count();
  return static_cast<double>(kBytes) * 8e-6 / took;
}

using Goodputs =
    std::array<std::array<std::array<double, kRoundTripsMs.size()>, kLosses.size()>, kBuffersKb.size()>;

const Goodputs& goodputs() {
  static const Goodputs measured = [] {
    Goodputs all{};
    for (std::size_t b = 0; b < kBuffersKb.size(); ++b) {
      for (std::size_t l = 0; l < kLosses.size(); ++l) {
        for (std::size_t r = 0; r < kRoundTripsMs.size(); ++r) {
          all[b][l][r] = goodput({.loss = kLosses[l],
                                  .round_trip = milliseconds{kRoundTripsMs[r]},
                                  .buffer = kBuffersKb[b] * 1024});
        }
      }
    }
    return all;
  }();
  return measured;
}

std::string goodput_table() {
  std::ostringstream out;
  out << "Goodput in Mbit/s of one flow, CUBIC with SACK, over 100 Mbit/s with a queue of 250 KB.\n"
      << "buffer KB  loss %";
  for (const auto round_trip : kRoundTripsMs) out << std::setw(8) << round_trip << " ms";
  out << "\n" << std::fixed << std::setprecision(1);
  for (std::size_t b = 0; b < kBuffersKb.size(); ++b) {
    for (std::size_t l = 0; l < kLosses.size(); ++l) {
      out << std::setw(9) << kBuffersKb[b] << std::setw(8) << kLosses[l] * 100;
      for (const double measured : goodputs()[b][l]) out << std::setw(11) << measured;
      out << "\n";
    }
  }
  return out.str();
}

struct Race {
  const char* name;
  std::vector<Contender> contenders;
};

const std::array<Race, 5>& races() {
  using tcp::CongestionControl;
  static const std::array<Race, 5> all{
      {{"two CUBIC", {{.name = "CUBIC"}, {.name = "CUBIC"}}},
       {"four CUBIC", {{.name = "CUBIC"}, {.name = "CUBIC"}, {.name = "CUBIC"}, {.name = "CUBIC"}}},
       {"two Reno",
        {{.name = "Reno", .control = CongestionControl::kReno},
         {.name = "Reno", .control = CongestionControl::kReno}}},
       {"CUBIC and Reno", {{.name = "CUBIC"}, {.name = "Reno", .control = CongestionControl::kReno}}},
       {"a CUBIC that comes 5 s late", {{.name = "CUBIC"}, {.name = "late", .begins = seconds{5}}}}}};
  return all;
}

/// Each contender's Mbit/s from the 20th to the 80th second, 20 ms apart, over 20 Mbit/s.
const std::vector<double>& shares(const Race& race) {
  static std::map<std::string_view, std::vector<double>> measured;
  std::vector<double>& found = measured[race.name];
  if (found.empty()) {
    const LinkModel link{.delay = milliseconds{10}, .bytes_per_second = 2'500'000, .queue_bytes = 50'000};
    found = share_bottleneck(race.contenders, link, seconds{20}, seconds{80});
  }
  return found;
}

/// Jain's index: 1 where all get the same, 1/n where one gets everything (R. Jain et al., DEC-TR-301).
double fairness(const std::vector<double>& rates) {
  const double sum = std::accumulate(rates.begin(), rates.end(), 0.0);
  const double squares = std::inner_product(rates.begin(), rates.end(), rates.begin(), 0.0);
  return sum * sum / (static_cast<double>(rates.size()) * squares);
}

std::string fairness_table() {
  std::ostringstream out;
  out << "Shares in Mbit/s of a bottleneck of 20 Mbit/s, 20 ms, queue of 50 KB, from the 20th to the 80th "
         "second;\n"
      << "Jain's fairness index.\n"
      << std::fixed;
  for (const Race& race : races()) {
    const std::vector<double>& rates = shares(race);
    out << std::left << std::setw(30) << race.name << std::right << std::setprecision(2) << std::setw(6)
        << fairness(rates) << "  ";
    for (std::size_t i = 0; i < rates.size(); ++i) {
      out << " " << race.contenders[i].name << " " << std::setprecision(1) << rates[i];
    }
    out << "\n";
  }
  return out.str();
}

TEST(Tables, AreThoseThatWereCommitted) {
  std::ifstream file(kTablesFile);
  const std::string committed{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(all_tables(), committed) << "if this is meant: simulation_test --write-tables, and say why";
}

TEST(Goodput, FollowsLossAndRoundTripTimeAsTcpShould) {
  const auto& table = goodputs().back();      // with buffers that are never the limit
  EXPECT_GT(table[0][1], 85.0);               // a clean path is filled
  EXPECT_GT(table[0][3], 15.0);               // and grows into a long one
  EXPECT_GT(table[1][1], table[0][1] * 0.8);  // one loss in a thousand costs little on a short path
  EXPECT_GT(table[2][1], table[0][1] * 0.5);
  EXPECT_GT(table[2][2], table[2][3] * 2);  // with losses, goodput falls with the round-trip time
  EXPECT_LT(table[3][3], table[1][3]);      // and with the losses: the window is really enforced
  EXPECT_LT(table[3][2], table[0][2] * 0.5);
}

TEST(Goodput, IsABufferForEachRoundTripWhereTheBufferIsTheLimit) {
  const double limit = 64.0 * 1024 * 8e-6 / 0.1;  // Mbit/s at 100 ms
  const double reached = goodputs()[0][0][3];
  EXPECT_GT(reached, limit * 0.6);
  EXPECT_LE(reached, limit);
}

TEST(Goodput, IsBetterWithSackAndSurvivesWithoutIt) {
  const Duration round_trip = milliseconds{20};
  const double with_sack = goodput({.loss = 0.01, .round_trip = round_trip});
  const double without = goodput({.loss = 0.01, .round_trip = round_trip, .sack = false});
  const double reno =
      goodput({.loss = 0.01, .round_trip = round_trip, .control = tcp::CongestionControl::kReno});
  const double reordered = goodput({.round_trip = round_trip, .reorder = 0.01});
  EXPECT_GT(with_sack, without);
  EXPECT_GT(without, with_sack * 0.2);
  EXPECT_GT(with_sack, reno * 0.7);
  const double in_order = goodput({.round_trip = round_trip});
  EXPECT_GT(reordered, in_order * 0.9);  // overtaking is no loss (RFC 8985)
}

TEST(Fairness, EqualsShareABottleneckAlikeAndFillIt) {
  for (const Race& race : races()) {
    const std::vector<double>& rates = shares(race);
    EXPECT_GT(std::accumulate(rates.begin(), rates.end(), 0.0), 17.0) << race.name;
    EXPECT_GT(fairness(rates), 0.8) << race.name;
  }
}

}  // namespace

std::string all_tables() { return goodput_table() + "\n" + fairness_table(); }

void write_tables() { std::ofstream(kTablesFile) << all_tables(); }

}  // namespace limpid::simulation
