// The cases of x509-limbo, a public suite of certificate chains with what a careful client makes of each, as
// they lie in ../shared/data. Those of servers alone: limpid verifies nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "tls_proxy/certificate/presented_chain.h"

namespace limpid::testing {

struct LimboCase {
  std::string id;
  std::string roots;              // PEM
  std::string leaf;               // PEM
  std::string leaf_key;           // PEM; empty: the suite does not have it
  std::string intermediates;      // PEM
  std::vector<std::string> crls;  // PEM
  std::string host;               // a host name or an IP address; empty: none is asked for
  WallTime time;                  // when it is verified
  std::optional<int> depth_max;   // intermediates that the suite lets the verifier take
  bool must_pass = false;
  std::string not_counted;  // why; empty: counted

  /// What a server would present; empty where its certificate cannot be read.
  certificate::PresentedChain chain() const;
};

/// Empty where the suite is not there.
std::vector<LimboCase> limbo_cases();

/// Certificates of a PEM text, as far as they can be read.
std::vector<openssl::X509Ptr> certificates_of(const std::string& pem);

}  // namespace limpid::testing
