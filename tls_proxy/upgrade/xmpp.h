// XMPP (RFC 6120 §5.4), client to server and server to server: <starttls/>, then <proceed/> or <failure/>.
#pragma once

#include "tls_proxy/upgrade/recogniser.h"
#include "tls_proxy/upgrade/tag_splitter.h"

namespace limpid::tls {

class Xmpp final : public Recogniser {
 public:
  Finding on_client(Bytes bytes) override;
  Finding on_server(Bytes bytes) override;

 private:
  TagSplitter client_;
  TagSplitter server_;
  bool asking_ = false;  // within <starttls>
  bool asked_ = false;
  bool agreeing_ = false;  // within <proceed>
};

}  // namespace limpid::tls
