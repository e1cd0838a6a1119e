#include "tls_proxy/certificate/stapled_response.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <algorithm>

#include "tls_proxy/certificate/dates.h"

namespace limpid::certificate {

namespace {

using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, openssl::Freed<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, openssl::Freed<OCSP_BASICRESP_free>>;
using IdPtr = std::unique_ptr<OCSP_CERTID, openssl::Freed<OCSP_CERTID_free>>;

constexpr int kSecurityLevel = 2;  // as for chains
constexpr std::int64_t kClockSkew = 300;

BasicPtr read(std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(bytes.size())));
  if (!response || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) return nullptr;
  return BasicPtr(OCSP_response_get1_basic(response.get()));
}

/// Signed by the issuer, or by a responder that it has appointed (RFC 6960 §4.2.2.2).
bool is_signed(OCSP_BASICRESP* basic, X509* issuer, WallTime now) {
  const openssl::StorePtr store(X509_STORE_new());
  if (!store || X509_STORE_add_cert(store.get(), issuer) != 1) return false;
  X509_VERIFY_PARAM* parameters = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_time(parameters, unix_seconds(now));
  X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityLevel);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
  const openssl::CertificatesPtr candidates(sk_X509_new_null());
  sk_X509_push(candidates.get(), issuer);
  return OCSP_basic_verify(basic, candidates.get(), store.get(), OCSP_NOEXPLICIT) == 1;
}

/// Responders choose the hash by which they name a certificate.
bool is_about(OCSP_SINGLERESP* single, const X509* certificate, const X509* issuer) {
  // The library takes it without const, and changes nothing.
  auto* named = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
  ASN1_OBJECT* algorithm = nullptr;
  if (OCSP_id_get0_info(nullptr, &algorithm, nullptr, nullptr, named) != 1) return false;
  const EVP_MD* digest = EVP_get_digestbyobj(algorithm);
  const IdPtr wanted(digest != nullptr ? OCSP_cert_to_id(digest, certificate, issuer) : nullptr);
  return wanted && OCSP_id_cmp(wanted.get(), named) == 0;
}

std::optional<StapledStatus> status_of(OCSP_SINGLERESP* single, WallTime now) {
  ASN1_GENERALIZEDTIME* from = nullptr;
  ASN1_GENERALIZEDTIME* until = nullptr;
  const int status = OCSP_single_get0_status(single, nullptr, nullptr, &from, &until);
  if (status != V_OCSP_CERTSTATUS_GOOD && status != V_OCSP_CERTSTATUS_REVOKED) return std::nullopt;
  const std::optional<std::int64_t> first = unix_seconds(from);
  const std::optional<std::int64_t> last = unix_seconds(until);  // without one it could be of any age
  if (!first || !last || *first > unix_seconds(now) + kClockSkew || *last < unix_seconds(now))
    return std::nullopt;
  return StapledStatus{status == V_OCSP_CERTSTATUS_REVOKED, wall_time(*last + 1)};
}

std::optional<StapledStatus> judge(OCSP_BASICRESP* basic, const X509* certificate, X509* issuer,
                                   WallTime now) {
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic, i);
    if (!is_about(single, certificate, issuer)) continue;
    const std::optional<StapledStatus> status = status_of(single, now);
    return status && is_signed(basic, issuer, now) ? status : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<StapledStatus> stapled_status(std::string_view response, const X509* certificate, X509* issuer,
                                            WallTime now) {
  const BasicPtr basic = read(response);
  std::optional<StapledStatus> status;
  if (basic) status = judge(basic.get(), certificate, issuer, now);
  ERR_clear_error();
  return status;
}

std::optional<WallTime> in_time_until(std::string_view response, WallTime now) {
  const BasicPtr basic = response.empty() ? nullptr : read(response);
  std::optional<WallTime> until;
  for (int i = 0; basic && i < OCSP_resp_count(basic.get()); ++i) {
    const std::optional<StapledStatus> status = status_of(OCSP_resp_get0(basic.get(), i), now);
    if (!status) {
      until.reset();
      break;
    }
    until = std::min(until.value_or(status->until), status->until);
  }
  ERR_clear_error();
  return until;
}

}  // namespace limpid::certificate
