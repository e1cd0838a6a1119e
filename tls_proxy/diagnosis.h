// Diagnosis: what is known of a session that failed, or was passed for what its server shows, made into the
// likely cause: one sentence for the operator, who reads it beside the reason's own. Names in it are those
// that peers have sent, in ASCII and cut to a length; who wrote them is not known. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/versions.h"
#include "tls_proxy/openssl/shown_name.h"
#include "tls_proxy/session_record.h"

namespace limpid::tls {

/// Texts and 0: empty where it is not known.
struct Trouble {
  Reason reason = Reason::none;
  LegRecord client{};
  LegRecord server{};
  std::string_view host{};  // as the client named its server
  std::uint16_t port = 0;   // the server's
  // The hello, and what the configuration or the rule allows.
  std::uint16_t offered_max = 0;  // the newest version
  std::string offered_ciphers{};  // the first few
  policy::VersionRange client_versions{};
  policy::VersionRange server_versions{};
  // What the server has shown.
  std::string_view outcome{};  // of its chain, as in the record
  std::string_view outcome_detail{};
  std::string last_subject{};  // of the last certificate that it sent
  std::string last_issuer{};
  bool asked_for_certificate = false;
  bool showed_certificate = false;
  openssl::Authorities authorities{};
  // What the client was shown.
  std::string shown_issuer{};
  std::string_view own_key{};  // inbound: the entry of tls.inbound
  bool shown_trusted = false;  // under the trusted CA
  // What was relayed, in bytes.
  bool relayed = false;
  std::uint64_t from_client = 0;
  std::uint64_t from_server = 0;
};

/// Where the reason blames another than who is at fault: a client that refuses what is wrong with its
/// server's certificate, which it was shown as it is.
std::optional<Culprit> at_fault(const Trouble& trouble);
/// Empty where the reason's own sentence, and the detail, are all that can be said.
std::string likely_cause(const Trouble& trouble);

}  // namespace limpid::tls
