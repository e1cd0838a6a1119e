// Recordings: the TCP flows of the files in ../shared/data/pcaps, each as the turns of its two sides in the
// order in which they were recorded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/unit/tls_proxy/recordings/capture_file.h"

namespace limpid::testing {

inline const std::filesystem::path kRecordings = "../shared/data/pcaps";

struct RecordedTurn {
  bool of_client = false;
  std::string bytes;  // in order; repetitions are left out
};

struct RecordedFlow {
  std::string name;  // "192.0.2.1:40000->192.0.2.2:25", client first; IPv6 without brackets
  std::uint16_t server_port = 0;
  /// Otherwise it begins with the first bytes that were recorded of each side, and the client is the one
  /// whose came first.
  bool from_syn = false;
  std::vector<RecordedTurn> turns;
};

struct Recording {
  std::vector<RecordedFlow> flows;
  CaptureEnd end;
};

Recording read_recording(const std::filesystem::path& file);

/// All files, by what they are called below kRecordings: "zeek-tls/dns-svcb.pcap".
std::vector<std::string> recorded_files();

/// Nothing on these wires is TLS over TCP.
inline bool is_without_tls(std::string_view file) { return file.find("-other/") != std::string_view::npos; }

/// The flow with the two sides' parts exchanged.
RecordedFlow turned(const RecordedFlow& flow);

}  // namespace limpid::testing
