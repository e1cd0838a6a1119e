#include "tests/simulation/any_model.h"

#include <algorithm>

namespace limpid::simulation {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::uint32_t any_number(Dice& dice) {
  return dice.chance(0.5) ? static_cast<std::uint32_t>(dice.next())
                          : std::uint32_t{0} - static_cast<std::uint32_t>(dice.magnitude(1, 200'000));
}

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

}  // namespace limpid::simulation
