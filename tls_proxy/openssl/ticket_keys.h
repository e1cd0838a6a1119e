// TicketKeys: what session tickets (RFC 5077) are sealed with, so that a client keeps its session and limpid
// keeps nothing. The keys are random, in memory only, replaced after each period; tickets of the period
// before are still opened, and the client is given a new one. Shared by all workers: a look takes a lock for
// the time of copying a pointer.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/random.h"

namespace limpid::openssl {

/// Overwritten when the last who uses it is done.
struct TicketKey {
  explicit TicketKey(Random& random);
  ~TicketKey();
  TicketKey(const TicketKey&) = delete;
  TicketKey& operator=(const TicketKey&) = delete;

  std::array<std::byte, 16> name{};        // stands before the ticket in the clear
  std::array<std::byte, 32> encryption{};  // AES-256-CBC
  std::array<std::byte, 32> mac{};         // HMAC-SHA-256
};

class TicketKeys {
 public:
  /// `random` and `clock` outlive it.
  TicketKeys(Duration period, Random& random, const Clock& clock);

  std::shared_ptr<const TicketKey> current();
  struct Found {
    std::shared_ptr<const TicketKey> key;
    bool is_current = false;  // else the ticket is to be renewed
  };
  /// Nothing for what no key of this period or of the one before has sealed.
  std::optional<Found> find(Bytes name);

 private:
  void rotate();

  Duration period_;
  Random& random_;
  const Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<const TicketKey> current_;
  std::shared_ptr<const TicketKey> previous_;  // null in the first period
  Instant until_;                              // of the present period
};

}  // namespace limpid::openssl
