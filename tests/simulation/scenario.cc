#include "tests/simulation/scenario.h"

#include <algorithm>
#include <sstream>

namespace limpid::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

LinkModel any_link(Dice& dice, Duration delay) {
  LinkModel link{.delay = delay};
  if (dice.chance(0.5)) link.jitter = delay / 10;
  if (dice.chance(0.5)) link.loss = static_cast<double>(dice.magnitude(1, 120)) / 1000;
  if (dice.chance(0.2)) link.burst_begin = 0.01;
  if (dice.chance(0.3)) link.duplicate = static_cast<double>(dice.magnitude(1, 100)) / 1000;
  if (dice.chance(0.5)) link.mark = static_cast<double>(dice.magnitude(1, 300)) / 1000;
  if (dice.chance(0.4)) {
    link.reorder = static_cast<double>(dice.magnitude(1, 300)) / 1000;
    link.reorder_delay = dice.duration(delay / 4 + microseconds{1}, delay * 3);
  }
  if (dice.chance(0.2)) {
    link.mtu =
        static_cast<std::uint16_t>(dice.chance(0.5) ? dice.between(1280, 1499) : dice.between(576, 1499));
    link.narrows_at = dice.duration(milliseconds{1}, seconds{2});
    link.black_hole = dice.chance(0.3);
  }
  if (dice.chance(0.3)) {
    link.bytes_per_second = dice.magnitude(50'000, 100'000'000);
    link.queue_bytes = dice.magnitude(10'000, 1'000'000);
  }
  return link;
}

ApplicationModel any_application(Dice& dice) {
  ApplicationModel application{
      .bytes = dice.chance(0.1) ? 0 : dice.magnitude(1, dice.chance(0.15) ? 4'000'000 : 400'000)};
  application.burst = dice.magnitude(1, 16'500);
  if (dice.chance(0.3)) application.pause = dice.duration(microseconds{10}, milliseconds{30});
  // Few bursts, where each of them takes its time.
  if (application.pause > Duration::zero() || application.burst < 64) {
    application.bytes = std::min<std::uint64_t>(application.bytes, std::uint64_t{200} * application.burst);
  }
  if (dice.chance(0.3)) {  // a slow reader
    application.read_size = dice.magnitude(500, 60'000);
    application.read_pause = dice.duration(milliseconds{1}, milliseconds{100});
  }
  if (dice.chance(0.15)) application.read_after = dice.duration(milliseconds{10}, seconds{20});
  if (dice.chance(0.06)) application.abort_after = dice.duration(milliseconds{1}, seconds{5});
  return application;
}

tcp::EndpointSettings any_settings(Dice& dice) {
  tcp::EndpointSettings settings;
  if (dice.chance(0.3)) settings.congestion = tcp::CongestionControl::kReno;
  if (dice.chance(0.2)) settings.quick_acks = 0;
  if (dice.chance(0.2)) settings.out_of_order_ranges_max = static_cast<std::uint32_t>(dice.between(1, 8));
  if (dice.chance(0.2)) {
    settings.receive_buffer_initial = dice.between(8'192, 65'536);
    settings.receive_buffer_max = settings.receive_buffer_initial * dice.between(1, 4);
  }
  if (dice.chance(0.2)) settings.send_buffer_initial = dice.between(16'384, 262'144);
  if (dice.chance(0.1)) settings.sent_segments_max = static_cast<std::uint32_t>(dice.between(4, 64));
  return settings;
}

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
  // Sequence numbers and clocks like to begin just before they wrap.
  const auto near_wrap = [&dice] {
    return dice.chance(0.5)
               ? static_cast<std::uint32_t>(dice.next())
               : static_cast<std::uint32_t>(0) - static_cast<std::uint32_t>(dice.magnitude(1, 200'000));
  };
  Agreed agreed{};
  agreed.left_sequence = near_wrap();
  agreed.right_sequence = near_wrap();
  agreed.left_clock = near_wrap();
  agreed.right_clock = near_wrap();
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
  const auto link = [&out](const char* which, const LinkModel& model) {
    out << which << ": delay " << model.delay.count() / 1000 << " us, loss " << model.loss << ", bursts "
        << model.burst_begin << ", marks " << model.mark << ", duplicate " << model.duplicate << ", reorder "
        << model.reorder << " by " << model.reorder_delay.count() / 1000 << " us, rate "
        << model.bytes_per_second << " B/s, queue " << model.queue_bytes << ", mtu " << model.mtu << " from "
        << model.narrows_at.count() / 1000 << " us" << (model.black_hole ? " (black hole)" : "") << "\n";
  };
  link("to the right", to_right);
  link("to the left", to_left);
  out << (right_reference ? "reference peer" : "two endpoints") << ", mss " << left.adoption.mss << ", sack "
      << left.adoption.sack << ", ecn " << left.adoption.ecn << ", timestamps " << left.adoption.timestamps
      << ", shifts " << int{left.adoption.our_window_shift} << "/" << int{left.adoption.peer_window_shift}
      << ", chunks " << left.chunks_max << ", no packet " << left.no_packet << ", ranges "
      << left.settings.out_of_order_ranges_max << ", quick ACKs " << int{left.settings.quick_acks} << "\n";
  return out.str();
}

}  // namespace limpid::simulation
