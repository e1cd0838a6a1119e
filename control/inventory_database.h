// InventoryDatabase: the inventory's tables in SQLite. Made, used and dropped on one thread. Errors are
// sentences; after one the object is to be dropped and opened anew.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "control/backend.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "tls_proxy/certificate/observed_certificate.h"

namespace limpid::control {

/// Equal sightings, put together.
struct Sighting {
  certificate::ObservedCertificate latest;  // latest.seen: when it was seen last
  WallTime first_seen{};
  std::uint64_t count = 0;
};

class InventoryDatabase {
 public:
  /// Creates the file (mode 0600) and its tables, and brings older tables up to date. A database that is
  /// something else, or of a newer limpid, is an error.
  static Result<std::unique_ptr<InventoryDatabase>, std::string> open(const std::string& path);
  ~InventoryDatabase();
  InventoryDatabase(const InventoryDatabase&) = delete;
  InventoryDatabase& operator=(const InventoryDatabase&) = delete;

  /// All or nothing, in one transaction. None: written.
  std::optional<std::string> write(const std::list<Sighting>& sightings);
  /// Removes the sightings whose last was before that time, and the certificates that no sighting is left of.
  /// How many sightings, or the error.
  Result<std::uint64_t, std::string> remove_unseen_since(WallTime time);

 private:
  class Connection;
  explicit InventoryDatabase(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace limpid::control
