// Knowledge: what is known of certificates beside what a server presents: intermediates, preloaded and
// learnt, and revocation lists. Immutable; the control thread makes a new one and hands it to each worker, so
// that nobody waits for anybody.
#pragma once

#include <cstdint>

#include "tls_proxy/certificate/certificates_by_subject.h"
#include "tls_proxy/certificate/revocation_lists.h"

namespace limpid::certificate {

struct Knowledge {
  CertificatesBySubject intermediates;
  RevocationLists lists;
  std::uint64_t generation = 0;  // differs between any two of a process: what caches of verdicts key by
};

}  // namespace limpid::certificate
