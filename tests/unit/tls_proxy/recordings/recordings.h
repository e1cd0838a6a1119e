// Recordings: the TCP flows of pcap files, each as the turns of its two sides in the order in which they were
// recorded, for the tests that read the recordings beside the repository.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace limpid::testing {

struct RecordedTurn {
  bool of_client = false;
  std::string bytes;  // in order; repetitions are left out
};

struct RecordedFlow {
  std::string name;  // "192.0.2.1:40000->192.0.2.2:25", client first
  std::uint16_t server_port = 0;
  std::vector<RecordedTurn> turns;
};

/// Flows whose SYN is there. Files that libpcap cannot read have none.
std::vector<RecordedFlow> recorded_flows(const std::filesystem::path& file);

}  // namespace limpid::testing
