// Certificates as servers would show them, and sightings of them.
#pragma once

#include <string>

#include "tests/support/pki.h"
#include "tests/unit/control/rows.h"
#include "tls_proxy/certificate/observed_certificate.h"

namespace limpid::control {

/// A chain of two: a leaf for `host`, good for `days` from limpid::testing::kTestNow, and its authority.
inline std::vector<std::string> chain_for(const std::string& host, int days = 90) {
  static const limpid::testing::Credential authority =
      limpid::testing::make_certificate(limpid::testing::ca_spec("Test CA"));
  limpid::testing::CertificateSpec spec;
  spec.common_name = host;
  spec.names = "DNS:" + host + ",IP:192.0.2.7";
  spec.until = std::chrono::hours(24 * days);
  const limpid::testing::Credential leaf = limpid::testing::make_certificate(spec, &authority);
  return limpid::testing::chain_of({&leaf, &authority}).der();
}

inline certificate::ObservedCertificate seen(const std::vector<std::string>& chain, const std::string& host,
                                             std::int64_t when_s = 0) {
  certificate::ObservedCertificate observed;
  observed.chain = chain;
  observed.outcome = "trusted";
  observed.facts.client = *SocketAddress::parse("10.0.0.5:50000");
  observed.facts.server = *SocketAddress::parse("192.0.2.7:443");
  observed.sni = host;
  observed.seen = limpid::testing::kTestNow + std::chrono::seconds(when_s);
  observed.intercepted = true;
  return observed;
}

inline std::int64_t test_now_s() {
  return std::chrono::floor<std::chrono::seconds>(limpid::testing::kTestNow).time_since_epoch().count();
}

}  // namespace limpid::control
