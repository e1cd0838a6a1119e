// http_get: fetches one file over plain HTTP. It blocks, so it is for threads that may. No TLS, no redirects:
// what is fetched so (revocation lists) is signed, and the thread that fetches must not depend on what it
// fetches for.
#pragma once

#include <cstddef>
#include <string>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"

namespace limpid::control {

struct HttpLimits {
  std::size_t body_max = std::size_t{4} << 20U;
  Duration time_max = std::chrono::seconds(5);  // but for the look-up of the name
};

struct HttpFailure {
  std::string sentence;
  bool silent = false;  // nobody is there or answers in time: it is as vain to ask for something else
};

/// `url`: "http://host[:port]/path". The body, or why there is none.
Result<std::string, HttpFailure> http_get(const std::string& url, const HttpLimits& limits,
                                          const Clock& clock);

}  // namespace limpid::control
