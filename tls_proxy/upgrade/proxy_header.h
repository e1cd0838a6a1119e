// ProxyHeader: the PROXY protocol's header (HAProxy's specification, versions 1 and 2), which a load balancer
// puts before everything that the client says. It goes on to the server with the rest.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/bytes.h"
#include "tls_proxy/upgrade/message_head.h"

namespace limpid::tls {

class ProxyHeader {
 public:
  enum class Took : std::uint8_t {
    kPartly,     // `rest` is used up, and may be the beginning of one
    kWhole,      // the header is off the front of `rest`
    kNone,       // there is none: kept() and then `rest` are the client's own words
    kMalformed,  // it begins as one, and contradicts itself
  };
  Took take(Bytes& rest);
  /// What has been taken.
  Bytes kept() const { return head_.bytes(); }

 private:
  Took take_line(Bytes& rest);
  Took take_binary(Bytes& rest);

  MessageHead head_;
};

}  // namespace limpid::tls
