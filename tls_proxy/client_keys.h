// ClientKeys: certificates of clients that limpid has, with their keys, and the servers that are shown them.
// Immutable; shared by all workers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tls_proxy/certificate/inbound_material.h"

namespace limpid::tls {

class ClientKeys {
 public:
  /// `hosts`: for each certificate, in the same order, patterns of the servers' names in normal form.
  ClientKeys(std::vector<std::vector<std::string>> hosts,
             std::shared_ptr<const certificate::InboundMaterial> material);

  /// What shows this server the first certificate that is for it; empty: there is none. Must not outlive
  /// this object.
  std::function<bool(SSL&)> for_server(std::string_view name) const;

 private:
  bool show(std::size_t entry, SSL& connection) const;

  std::vector<std::vector<std::string>> hosts_;
  std::shared_ptr<const certificate::InboundMaterial> material_;
};

}  // namespace limpid::tls
