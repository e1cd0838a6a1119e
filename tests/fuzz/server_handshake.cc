// Any bytes as the beginning of a server's half of a flow: what is found must not depend on how the bytes
// were split, and whatever the server calls its certificates must bear being described.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "dataplane/base/check.h"
#include "tls_proxy/certificate/description.h"
#include "tls_proxy/certificate/server_handshake_observer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using limpid::certificate::ServerHandshakeObserver;
  const limpid::Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
  ServerHandshakeObserver at_once;
  const ServerHandshakeObserver::State state = at_once.on_bytes(bytes);
  LIMPID_CHECK((state == ServerHandshakeObserver::State::kFound) == !at_once.chain().empty(),
               "found means that there are certificates");
  for (const std::string& der : at_once.chain()) static_cast<void>(limpid::certificate::describe(der));

  ServerHandshakeObserver in_pieces;
  for (std::size_t at = 0; at < size;) {
    const std::size_t piece = std::min<std::size_t>(size - at, 1 + at % 7);
    in_pieces.on_bytes(bytes.subspan(at, piece));
    at += piece;
  }
  LIMPID_CHECK(in_pieces.state() == state, "the split decides");
  LIMPID_CHECK(in_pieces.chain() == at_once.chain(), "the split changes the chain");
  LIMPID_CHECK(in_pieces.version() == at_once.version(), "the split changes the version");
  return 0;
}
