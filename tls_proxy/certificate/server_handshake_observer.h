// ServerHandshakeObserver: reads what a server says at the beginning of a passed TLS flow, and finds the
// Certificate message of a clear handshake (TLS 1.2 and older: RFC 5246 §7.4.2). It stops by itself as soon
// as nothing more can come: TLS 1.3 (the certificate is encrypted), ChangeCipherSpec, an alert that ends
// the handshake, not TLS at all, or 64 KB. One a flow; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/bytes.h"

namespace limpid::certificate {

class ServerHandshakeObserver {
 public:
  enum class State : std::uint8_t { kReading, kFound, kNothing };

  /// The server's next in-order bytes. Any split is fine. After kFound or kNothing further bytes are ignored.
  State on_bytes(Bytes bytes);
  State state() const { return state_; }
  /// DER, leaf first; after kFound. At most 32.
  const std::vector<std::string>& chain() const { return chain_; }
  /// From the ServerHello: 0x0303, 0x0304; 0 before it was seen.
  std::uint16_t version() const { return version_; }
  std::uint16_t cipher_suite() const { return cipher_suite_; }

 private:
  void read_records();
  void read_messages();
  void read_message(std::uint8_t type, Bytes body);
  void read_server_hello(Bytes body);
  void read_certificate(Bytes body);
  void stop(State state);

  State state_ = State::kReading;
  std::uint16_t version_ = 0;
  std::uint16_t cipher_suite_ = 0;
  std::size_t seen_ = 0;
  std::string records_;            // bytes of an incomplete record
  std::string messages_;           // handshake bytes of complete records
  std::size_t messages_read_ = 0;  // of these, within one call
  std::vector<std::string> chain_;
};

}  // namespace limpid::certificate
