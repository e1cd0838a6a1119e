// What is known of the recordings (truth.jsonl, beside them): one entry for each TCP flow that holds TLS.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/tls_proxy/recordings/recordings.h"

namespace limpid::testing {

struct KnownFlow {
  std::string file;                       // as recorded_files() has it
  std::string flow;                       // as RecordedFlow has it
  std::string upgrade;                    // "smtp", "http-connect", …; empty: TLS from the first byte on
  int hellos = 0;                         // ClientHellos
  bool ssl2 = false;                      // the ClientHello is one of SSL 2.0's form
  std::vector<std::string> names;         // that the client asks for (SNI)
  std::vector<std::string> certificates;  // of the server, sent in the clear: SHA-256 of each, in hexadecimal

  std::string text() const { return file + " " + flow; }
};

/// Empty where the recordings are not there.
std::vector<KnownFlow> known_flows();

/// The flows of that name, its client first: more than one where its ports were used again.
std::vector<RecordedFlow> recorded(const KnownFlow& known);

}  // namespace limpid::testing
