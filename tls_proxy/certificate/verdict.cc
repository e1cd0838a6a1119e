#include "tls_proxy/certificate/verdict.h"

#include <array>

namespace limpid::certificate {

namespace {

struct Words {
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array<Words, kOutcomes> kWords{{
    {"trusted", "the chain is valid and leads to a trusted root"},
    {"expired", "a certificate of the chain has expired"},
    {"not_yet_valid", "a certificate of the chain is not valid yet"},
    {"name_mismatch", "the certificate is not for this server's name"},
    {"unknown_issuer", "the chain does not lead to a trusted root"},
    {"self_signed", "the certificate is signed by itself alone"},
    {"wrong_usage", "the certificate may not be used for a TLS server"},
    {"weak", "a key or signature of the chain is too weak"},
    {"bad_signature", "a signature of the chain is wrong"},
    {"other", "the chain is not valid"},
    {"revoked", "a certificate of the chain has been revoked by its issuer"},
    {"revocation_unknown",
     "nothing valid says whether the chain has been revoked, and tls.revocation is hard"},
    {"incomplete", "the server did not send its certificate's issuer, which is not known either"},
    {"malformed", "a certificate of the chain breaks the rules for public certificates"},
}};

}  // namespace

std::string_view name(Outcome outcome) { return kWords[static_cast<std::size_t>(outcome)].name; }
std::string_view sentence(Outcome outcome) { return kWords[static_cast<std::size_t>(outcome)].sentence; }

}  // namespace limpid::certificate
