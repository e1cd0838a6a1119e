// Where the sequence numbers and timestamps of a connection begin that limpid opens itself (Ta, Tb): a clock
// and a keyed hash of the addresses and ports (RFC 9293 §3.4.1, RFC 6528, RFC 7323 §5.4). Nobody who does
// not see the connection can guess them, and those of a later connection between the same ports are higher:
// a peer that remembers the former in TIME-WAIT takes the new one at once (RFC 6191).
// A value; any thread.
#pragma once

#include <cstdint>

#include "dataplane/base/clock.h"
#include "dataplane/base/random.h"
#include "dataplane/base/sip_hash.h"
#include "dataplane/wire/header_template.h"

namespace limpid::tcp {

class InitialNumbers {
 public:
  struct Numbers {
    std::uint32_t sequence = 0;
    std::uint32_t timestamp_base = 0;  // to be added to the clock's milliseconds
  };

  /// The key is drawn here, once.
  explicit InitialNumbers(Random& random) : key_{random.next(), random.next()} {}

  /// Of a connection that `speaker` opens or answers.
  Numbers of(const wire::HeaderTemplate& speaker, Instant now) const;

 private:
  SipKey key_;
};

}  // namespace limpid::tcp
