#include "tls_proxy/client_keys.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>

#include "dataplane/base/check.h"
#include "policy/host_pattern.h"

namespace limpid::tls {

ClientKeys::ClientKeys(std::vector<std::vector<std::string>> hosts,
                       std::shared_ptr<const certificate::InboundMaterial> material)
    : hosts_(std::move(hosts)), material_(std::move(material)) {
  LIMPID_CHECK(material_ && material_->certificates().size() == hosts_.size(),
               "servers without the certificates that they are to be shown");
}

std::function<bool(SSL&)> ClientKeys::for_server(std::string_view name) const {
  std::array<char, policy::kHostBytesMax> memory{};
  const std::optional<std::string_view> host = policy::normalize_host(name, memory.data());
  if (!host) return {};
  for (std::size_t entry = 0; entry < hosts_.size(); ++entry) {
    const bool meant = std::any_of(hosts_[entry].begin(), hosts_[entry].end(),
                                   [&](const std::string& each) { return policy::matches(each, *host); });
    if (meant) return [this, entry](SSL& connection) { return show(entry, connection); };
  }
  return {};
}

bool ClientKeys::show(std::size_t entry, SSL& connection) const {
  const certificate::OwnCertificate& own = material_->certificates()[entry];
  bool shown = SSL_use_certificate(&connection, own.leaf.get()) == 1;
  for (const openssl::X509Ptr& further : own.chain)
    shown = shown && SSL_add1_chain_cert(&connection, further.get()) == 1;
  shown = shown && material_->keys().lend(own.key, connection);
  if (!shown) ERR_clear_error();
  return shown;
}

}  // namespace limpid::tls
