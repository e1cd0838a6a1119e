// The files of a test as another user sees them: what may not be read or written shows only where the test is
// not root. One test at a time; the process is itself again at the end.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

namespace limpid::testing {

class AsNobody {
 public:
  AsNobody() {
    constexpr uid_t kNobody = 65'534;
    if (was_ == 0) {
      EXPECT_EQ(::seteuid(kNobody), 0);
    }
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (was_ == 0) {
      EXPECT_EQ(::seteuid(was_), 0);
    }
  }

 private:
  uid_t was_ = ::geteuid();
};

}  // namespace limpid::testing
