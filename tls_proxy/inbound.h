// InboundKeys: the operator's own servers with their certificates and keys, and which of them a session's
// client is shown. That is decided once the server leg has shown what the server presents: only a server that
// has proven to own a key makes limpid use that key. Immutable; shared by all workers.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/generation.h"
#include "dataplane/base/reasons.h"
#include "policy/own_server.h"
#include "tls_proxy/certificate/inbound_material.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/signing_material.h"
#include "tls_proxy/client_hello.h"
#include "tls_proxy/openssl/engine.h"

namespace limpid::tls {

class InboundKeys {
 public:
  /// One certificate for each server, in the same order.
  InboundKeys(std::vector<policy::OwnServer> servers,
              std::shared_ptr<const certificate::InboundMaterial> material);

  struct Choice {
    enum class What : std::uint8_t { kForge, kOwn, kRefuse };
    What what = What::kForge;
    std::size_t entry = 0;      // of kOwn
    Reason why = Reason::none;  // of kRefuse; of kForge where it is not what was expected
    std::string changed{};      // for the log: the server presents something else than it should; or empty
  };
  /// `sni`: the server's name as the client has it; empty: none. `chain` must not be empty.
  Choice choose(policy::Direction wanted, const FlowFacts& facts, std::string_view sni,
                const certificate::PresentedChain& chain) const;

  const std::string& name(std::size_t entry) const { return servers_[entry].name; }
  /// Differs between any two of a process.
  std::uint64_t generation() const { return generation_; }
  /// How the key signs: as an ECDSA key does, or as an RSA key.
  certificate::KeyKind kind(std::size_t entry) const;
  /// The server presents the very certificate that is configured, not just one with the same key.
  bool presents(std::size_t entry, const certificate::PresentedChain& chain) const {
    return X509_cmp(own(entry).leaf.get(), chain.leaf()) == 0;
  }
  /// The certificate exactly as configured, and its key. `staple`: an OCSP response about it, DER, or empty.
  /// `answer` must not outlive this object.
  void fill(std::size_t entry, const ClientHello& hello, std::string staple,
            openssl::ClientAnswer& answer) const;

 private:
  using Numbers = std::vector<std::uint16_t>;
  const certificate::OwnCertificate& own(std::size_t entry) const { return material_->certificates()[entry]; }
  Choice changed(const Numbers& expected, policy::Direction wanted, const FlowFacts& facts,
                 const certificate::PresentedChain& chain) const;

  std::vector<policy::OwnServer> servers_;
  std::shared_ptr<const certificate::InboundMaterial> material_;
  std::vector<std::vector<openssl::CompressedChain>> compressed_;  // by entry
  std::uint64_t generation_ = next_generation();
};

}  // namespace limpid::tls
