#include "control/version.h"

#include <utility>

#include "tls_proxy/capabilities.h"

// The build says these (control/CMakeLists.txt).
#ifndef LIMPID_OPENSSL_VERSION
#define LIMPID_OPENSSL_VERSION ""
#endif
#ifndef LIMPID_DPDK_VERSION
#define LIMPID_DPDK_VERSION ""
#endif
#ifndef LIMPID_HYPERSCAN_VERSION
#define LIMPID_HYPERSCAN_VERSION ""
#endif

namespace limpid::control {

Version built_version() {
  tls::Capabilities can = tls::capabilities();
  return {.limpid = LIMPID_VERSION,
          .openssl = LIMPID_OPENSSL_VERSION,
          .dpdk = LIMPID_DPDK_VERSION,
          .hyperscan = LIMPID_HYPERSCAN_VERSION,
          .tls_versions = std::move(can.versions),
          .groups = std::move(can.groups),
          .ciphers = std::move(can.ciphers),
          .certificate_compressions = std::move(can.compressions)};
}

}  // namespace limpid::control
