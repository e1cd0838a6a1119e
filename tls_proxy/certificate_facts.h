// What policy is told of a server's certificate. Pure.
#pragma once

#include "policy/certificate_conditions.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/verdict.h"

namespace limpid::tls {

/// `chain` is not empty.
policy::CertificateFacts facts_of(const certificate::PresentedChain& chain,
                                  const certificate::Verdict& verdict);

}  // namespace limpid::tls
