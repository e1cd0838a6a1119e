// Any bytes as the beginning of a flow: the parser must neither read beyond them nor take long, and what it
// says of a beginning must not be taken back by the bytes that follow.
#include <cstddef>
#include <cstdint>

#include "dataplane/base/check.h"
#include "tls_proxy/client_hello.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using limpid::tls::FirstBytes;
  const limpid::Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
  limpid::tls::ClientHello hello;
  const FirstBytes whole = limpid::tls::parse_first_bytes(bytes, hello);
  if (whole == FirstBytes::kComplete) {
    LIMPID_CHECK(!hello.cipher_suites.empty(), "a complete hello offers ciphers");
    LIMPID_CHECK(!hello.sni || !hello.sni->empty(), "a name is never empty");
  }
  limpid::tls::ClientHello part;
  const FirstBytes half = limpid::tls::parse_first_bytes(bytes.first(size / 2), part);
  LIMPID_CHECK(half == FirstBytes::kNeedMore || half == whole, "a judgement stands, whatever follows");
  return 0;
}
