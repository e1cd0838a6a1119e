#include "control/stats_rows.h"

#include <algorithm>

namespace limpid::control {

void add_reason(Stats& stats, Reason reason, std::uint64_t count) {
  if (count == 0) return;
  const std::string_view id = name(reason);
  const auto known = std::find_if(stats.reasons.begin(), stats.reasons.end(),
                                  [&](const ReasonCount& row) { return row.reason == id; });
  if (known != stats.reasons.end()) {
    known->count += count;
  } else {
    stats.reasons.push_back({std::string(id), count});
  }
}

void add_reasons(Stats& stats, const ReasonCounters& counters) {
  for (std::size_t i = 1; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    add_reason(stats, reason, counters[reason]);
  }
}

void add_mirror(Stats& stats, const std::string& tool, const std::string& kind,
                const tool::MirrorCounters& counters) {
  stats.mirrors.push_back({tool, kind, counters.sessions, counters.packets, counters.bytes,
                           counters.lost_queue, counters.lost_write});
  add_reason(stats, Reason::mirror_queue_full, counters.lost_queue);
  add_reason(stats, Reason::mirror_write_failed, counters.lost_write);
}

void add_inventory(Stats& stats, const InventoryStats& inventory) {
  stats.inventory = inventory;
  add_reason(stats, Reason::inventory_write_failed, inventory.failures);
}

void add_port(Stats& stats, const std::string& device, const nic::PortCounters& counters) {
  const auto add = [&](const char* what, std::uint64_t count) {
    stats.more.push_back({"port " + device + " " + what, count});
  };
  add("received", counters.packets_received);
  add("transmitted", counters.packets_transmitted);
  add("missed", counters.receive_missed);
  add("receive refused", counters.receive_refused);
  add("transmit refused", counters.transmit_refused);
}

}  // namespace limpid::control
