// JA4: a fingerprint of the kind of client by its ClientHello, as FoxIO has published it ("JA4: TLS Client
// Fingerprinting"): the same for one build of an application whatever it asks for, and in whatever order it
// lists its extensions. It names a kind of client, not one; anybody can imitate another's. Of lists longer
// than any client's only the first 512 values count. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tls_proxy/client_hello.h"

namespace limpid::tls {

/// "t13d1516h2_8daaf6152771_e5627efa2ab1"
class Ja4 {
 public:
  static constexpr std::size_t kSize = 36;

  /// None yet.
  Ja4() = default;
  static Ja4 of(const ClientHello& hello);
  /// What the same client's hello would have were it no server's guest yet: without what it adds where it has
  /// a session to resume (pre_shared_key, early_data).
  static Ja4 of_newcomer(const ClientHello& hello);
  /// Nothing where the text has not the form of one.
  static std::optional<Ja4> parse(std::string_view text);

  bool empty() const { return text_[0] == '\0'; }
  std::string_view text() const {
    return empty() ? std::string_view{} : std::string_view{text_.data(), kSize};
  }
  friend bool operator==(const Ja4&, const Ja4&) = default;

 private:
  static Ja4 made_of(const ClientHello& hello, std::vector<std::uint16_t> extensions);

  std::array<char, kSize> text_{};
};

}  // namespace limpid::tls
