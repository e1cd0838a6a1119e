#include "tls_proxy/certificate/list_sources.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/x509_values.h"

namespace limpid::certificate {

namespace {

using PointsPtr = std::unique_ptr<CRL_DIST_POINTS, openssl::Freed<CRL_DIST_POINTS_free>>;

constexpr std::size_t kUrlMax = 1'024;
constexpr std::size_t kStepsMax = 10;

bool has_issued(X509* issuer, X509* certificate) {
  return X509_check_issued(issuer, certificate) == X509_V_OK &&
         X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

/// The first that is HTTP's, where a point has several.
std::string url_of(const DIST_POINT* point) {
  if (point->distpoint == nullptr || point->distpoint->type != 0) return {};
  const GENERAL_NAMES* names = point->distpoint->name.fullname;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI) continue;
    std::string url = text_of(name->d.uniformResourceIdentifier);
    if (url.starts_with("http://") && url.size() <= kUrlMax) return url;
  }
  return {};
}

void add_sources(X509* certificate, X509* issuer, std::vector<ListSource>& sources) {
  const auto points = extension<PointsPtr>(certificate, NID_crl_distribution_points);
  for (int i = 0; points && i < sk_DIST_POINT_num(points.get()); ++i) {
    std::string url = url_of(sk_DIST_POINT_value(points.get(), i));
    if (!url.empty()) sources.push_back({std::move(url), openssl::share(issuer)});
  }
}

/// Null where it is neither among the certificates nor a root.
X509* issuer_of(X509* certificate, const std::vector<openssl::X509Ptr>& certificates,
                const TrustStore& trust) {
  for (X509* root : trust.issuers_of(certificate)) {
    if (has_issued(root, certificate)) return root;
  }
  for (const openssl::X509Ptr& each : certificates) {
    if (has_issued(each.get(), certificate)) return each.get();
  }
  return nullptr;
}

}  // namespace

std::vector<ListSource> list_sources(const std::vector<std::string>& chain, const TrustStore& trust) {
  std::vector<ListSource> sources;
  const std::vector<openssl::X509Ptr> certificates = parse_chain(chain);
  X509* certificate = certificates.empty() ? nullptr : certificates.front().get();
  for (std::size_t step = 0; certificate != nullptr && step < kStepsMax; ++step) {
    if (X509_self_signed(certificate, 0) == 1) break;
    X509* issuer = issuer_of(certificate, certificates, trust);
    if (issuer != nullptr) add_sources(certificate, issuer, sources);
    certificate = issuer;
  }
  ERR_clear_error();
  return sources;
}

}  // namespace limpid::certificate
