#include "tests/simulation/scenario.h"

#include <algorithm>
#include <sstream>

namespace limpid::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Agreed {
  std::uint32_t left_sequence;
  std::uint32_t right_sequence;
  std::uint32_t left_clock;
  std::uint32_t right_clock;
  std::uint32_t left_window;
  std::uint32_t right_window;
  std::uint8_t left_shift;
  std::uint8_t right_shift;
  std::uint16_t mss;
  bool timestamps;
  bool sack;
  bool ecn;
  Duration rtt;
};

Agreed any_agreement(Dice& dice, Duration rtt) {
  Agreed agreed{};
  agreed.left_sequence = any_number(dice);
  agreed.right_sequence = any_number(dice);
  agreed.left_clock = any_number(dice);
  agreed.right_clock = any_number(dice);
  const bool scaled = dice.chance(0.8);
  agreed.left_shift = scaled ? static_cast<std::uint8_t>(dice.between(0, 14)) : std::uint8_t{0};
  agreed.right_shift = scaled ? static_cast<std::uint8_t>(dice.between(0, 14)) : std::uint8_t{0};
  agreed.left_window = static_cast<std::uint32_t>(dice.between(2'000, 65'535));
  agreed.right_window = static_cast<std::uint32_t>(dice.between(2'000, 65'535));
  agreed.mss = static_cast<std::uint16_t>(dice.chance(0.7) ? 1460 : dice.between(216, 8960));
  agreed.timestamps = dice.chance(0.7);
  agreed.sack = dice.chance(0.7);
  agreed.ecn = dice.chance(0.4);
  agreed.rtt = dice.chance(0.8) ? rtt : Duration::zero();
  return agreed;
}

tcp::Adoption adoption(const Agreed& agreed, bool left) {
  return {.snd_nxt = left ? agreed.left_sequence : agreed.right_sequence,
          .rcv_nxt = left ? agreed.right_sequence : agreed.left_sequence,
          .peer_window = left ? agreed.right_window : agreed.left_window,
          .peer_window_shift = left ? agreed.right_shift : agreed.left_shift,
          .our_window_shift = left ? agreed.left_shift : agreed.right_shift,
          .sack = agreed.sack,
          .ecn = agreed.ecn,
          .timestamps = agreed.timestamps,
          .ts_recent = left ? agreed.right_clock : agreed.left_clock,
          .ts_value = left ? agreed.left_clock : agreed.right_clock,
          .mss = agreed.mss,
          .our_window_announced = left ? agreed.left_window : agreed.right_window,
          .rtt = agreed.rtt,
          .leg = left ? tcp::Leg::kClient : tcp::Leg::kServer};
}

EndpointHostModel any_endpoint(Dice& dice, const Agreed& agreed, bool left) {
  EndpointHostModel model;
  model.settings = any_settings(dice);
  model.settings.receive_buffer_max = std::max<std::size_t>(model.settings.receive_buffer_max,
                                                            left ? agreed.left_window : agreed.right_window);
  model.adoption = adoption(agreed, left);
  model.application = any_application(dice);
  if (dice.chance(0.15)) model.chunks_max = dice.between(96, 200);
  if (dice.chance(0.15)) model.chunks_max = dice.between(200, 8192);
  if (dice.chance(0.2)) model.no_packet = static_cast<double>(dice.magnitude(1, 200)) / 1000;
  return model;
}

ReferencePeerModel any_reference(Dice& dice, const Agreed& agreed) {
  ReferencePeerModel model;
  model.snd_nxt = agreed.right_sequence;
  model.rcv_nxt = agreed.left_sequence;
  model.peer_window = agreed.left_window;
  model.peer_shift = agreed.left_shift;
  model.shift = agreed.right_shift;
  model.buffer = agreed.right_window;
  model.payload_max = static_cast<std::uint16_t>(
      dice.chance(0.15) ? dice.between(1, 100) : std::min<std::uint64_t>(1448, agreed.mss));
  model.in_flight_max = model.payload_max * static_cast<std::uint32_t>(dice.between(1, 20));
  model.timestamps = agreed.timestamps;
  model.timestamp = agreed.right_clock;
  model.peer_timestamp = agreed.left_clock;
  model.probes_with_data = dice.chance(0.5);
  model.application = any_application(dice);
  model.application.bytes = std::min<std::uint64_t>(model.application.bytes, 100ULL * model.payload_max);
  return model;
}

}  // namespace

Scenario Scenario::from_seed(std::uint64_t seed) {
  Dice dice(seed);
  Scenario scenario{.seed = seed};
  const Duration delay = dice.duration(microseconds{5}, milliseconds{150});
  scenario.to_right = any_link(dice, delay);
  scenario.to_left = any_link(dice, delay);
  Agreed agreed = any_agreement(dice, 2 * delay);
  const bool reference = dice.chance(0.4);
  if (reference) {
    agreed.sack = agreed.ecn = false;
    agreed.right_shift = std::min<std::uint8_t>(agreed.right_shift, 3);  // its rounding is simple, too
  }
  scenario.left = any_endpoint(dice, agreed, true);
  if (reference) {
    scenario.right_reference = any_reference(dice, agreed);
  } else {
    scenario.right_endpoint = any_endpoint(dice, agreed, false);
    // Both cannot wait for the other to finish.
    if (dice.chance(0.3)) scenario.right_endpoint->application.finishes_last = true;
  }
  // Its segments are cut once and for all.
  if (reference) scenario.to_left.mtu = 0;
  if (dice.chance(0.2)) scenario.lies = 0.05;
  scenario.heals_after = dice.duration(milliseconds{100}, seconds{20});
  scenario.bound = scenario.heals_after + seconds{600};
  return scenario;
}

std::string Scenario::describe() const {
  std::ostringstream out;
  out << "to the right: " << simulation::describe(to_right)
      << "\nto the left: " << simulation::describe(to_left) << "\n";
  out << (right_reference ? "reference peer" : "two endpoints") << ", mss " << left.adoption.mss << ", sack "
      << left.adoption.sack << ", ecn " << left.adoption.ecn << ", timestamps " << left.adoption.timestamps
      << ", shifts " << int{left.adoption.our_window_shift} << "/" << int{left.adoption.peer_window_shift}
      << ", chunks " << left.chunks_max << ", no packet " << left.no_packet << ", ranges "
      << left.settings.out_of_order_ranges_max << ", quick ACKs " << int{left.settings.quick_acks} << "\n";
  return out.str();
}

}  // namespace limpid::simulation
