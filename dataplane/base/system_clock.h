// The machine's clocks. Constructed in control/ and in benchmarks only.
#pragma once

#include "dataplane/base/clock.h"

namespace limpid {

class SystemClock final : public Clock {
 public:
  Instant now() const override;
  WallTime wall() const override;
};

}  // namespace limpid
