// What becomes of a session whose server asks for a certificate of the client, where limpid has none to show
// it. Values.
#pragma once

#include <cstdint>
#include <string_view>

namespace limpid::policy {

/// A server that asks, but does not insist. One that goes on with nobody without a certificate is passed by
/// kContinue, too.
enum class ClientCertificate : std::uint8_t { kPass, kContinue, kBlock };

/// "pass", "continue", "block".
constexpr std::string_view name(ClientCertificate treatment) {
  switch (treatment) {
    case ClientCertificate::kPass:
      return "pass";
    case ClientCertificate::kContinue:
      return "continue";
    case ClientCertificate::kBlock:
      return "block";
  }
  return {};
}

}  // namespace limpid::policy
