// Inventory: every server certificate ever seen, and where, in SQLite. Sightings are taken in on the control
// thread, kept in memory (merged by certificate and place, bounded), and written by the inventory's own
// thread in one transaction for many. A disk that is full or unwritable never stops anything: sightings stay
// in memory, the oldest are lost and counted when there are too many, and writing is tried again. The same
// thread removes what has not been seen for long, where that is wanted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/backend.h"
#include "control/reports.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"

namespace limpid::certificate {
struct ObservedCertificate;
}  // namespace limpid::certificate

namespace limpid::control {

struct InventorySettings {
  std::string database{};                // path; created with mode 0600 where absent
  std::size_t waiting_max = 65'536;      // sightings (certificate and place) kept in memory
  std::uint32_t commit_after_ms = 200;   // sightings are gathered so long
  std::uint32_t retry_after_ms = 2'000;  // after a failed write
  Duration keep{};                       // what has not been seen for so long is removed; 0: nothing is
  Duration look_every = std::chrono::hours(1);  // for what is to be removed
};

class Inventory {
 public:
  /// Starts the thread; never fails: a database that cannot be opened is tried again. `warn` is called on the
  /// inventory's thread with a sentence for the log, once for each run of failures. `clock` outlives it, too.
  Inventory(const InventorySettings& settings, const Clock& clock,
            std::function<void(std::string_view)> warn);
  /// stop().
  ~Inventory();
  Inventory(const Inventory&) = delete;
  Inventory& operator=(const Inventory&) = delete;

  /// Any thread that may wait for a mutex: not a worker.
  void record(certificate::ObservedCertificate&& seen);
  /// Waits until everything recorded before the call is written, a write has failed, or the time is over.
  /// True: written.
  bool flush(Duration at_most);
  /// Writes what waits (one attempt) and ends the thread. Any thread, once; record() no more after it.
  void stop();
  InventoryStats stats() const;

 private:
  class Writer;
  std::unique_ptr<Writer> writer_;
};

/// Reads an inventory, whether or not limpid is running. The error is a sentence.
Result<std::vector<CertificateRow>, std::string> read_certificates(const std::string& database,
                                                                   const CertificateQuery& query,
                                                                   WallTime now);

}  // namespace limpid::control
