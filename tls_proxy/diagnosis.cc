#include "tls_proxy/diagnosis.h"

#include <array>

#include "tls_proxy/client_hello.h"

namespace limpid::tls {

namespace {

std::string named(std::string_view name) { return '"' + openssl::shown_text(name) + '"'; }

std::string versions(const policy::VersionRange& range) {
  if (range.min == range.max) return version_name(range.min);
  return version_name(range.min) + " to " + version_name(range.max);
}

std::string newest(const Trouble& trouble) {
  return "the client offers " +
         (trouble.offered_max == 0 ? "nothing that is known" : version_name(trouble.offered_max)) +
         " at most";
}

std::string offer(const Trouble& trouble) {
  return newest(trouble) + (trouble.offered_ciphers.empty() ? "" : ", with " + trouble.offered_ciphers);
}

std::string chain_end(const Trouble& trouble) {
  if (trouble.last_issuer.empty()) return {};
  return "the chain that the server sent ends with " + named(trouble.last_subject) + ", issued by " +
         named(trouble.last_issuer);
}

/// What is wrong with the server's own certificate; empty: nothing is known to be.
std::string certificate_cause(const Trouble& trouble) {
  if (trouble.outcome.empty() || trouble.outcome == "trusted") return {};
  std::string cause = "the server's certificate is not valid: " + std::string(trouble.outcome_detail);
  if (trouble.outcome == "name_mismatch" && !trouble.host.empty())
    cause += "; the client asked for " + named(trouble.host);
  if (trouble.outcome == "incomplete" || trouble.outcome == "unknown_issuer")
    cause += "; " + chain_end(trouble) + ", and nothing of tls.trust leads on from there";
  if (trouble.outcome == "self_signed") cause += "; it is " + named(trouble.last_subject);
  return cause;
}

std::string takes(const openssl::Authorities& authorities) {
  if (authorities.count == 0) return "; it names no CA whose certificates it takes";
  std::string list;
  for (const std::string& each : authorities.shown) list += (list.empty() ? "" : ", ") + named(each);
  const std::size_t more = authorities.count - authorities.shown.size();
  return "; it takes those of " + list + (more > 0 ? " and " + std::to_string(more) + " more" : "");
}

std::string request_cause(const Trouble& trouble) {
  const std::string shown = trouble.showed_certificate ? ", and was shown the one of tls.client_certificates"
                                                       : ", and was shown none";
  return "the server asked for a certificate of its client" + shown + takes(trouble.authorities);
}

// --- client leg ---

std::string client_refusal(const Trouble& trouble) {
  const std::string said = "the client refuses what it is shown (" + trouble.client.alert_received + ")";
  if (!trouble.own_key.empty()) {
    return said + ": it is the server's own certificate, of tls.inbound " + named(trouble.own_key) +
           ", issued by " + named(trouble.shown_issuer) + ", which is not trusted there";
  }
  if (!trouble.shown_trusted) {
    return said + ", as it would without limpid: " + certificate_cause(trouble) +
           "; so it is shown one under " + named(trouble.shown_issuer);
  }
  const std::string ca = named(trouble.shown_issuer);
  if (trouble.client.alert_received == "unknown_ca")
    return said + ": the CA " + ca + " is not installed there, or the application has roots of its own";
  if (trouble.client.alert_received == "certificate_expired")
    return said + ": its clock may be wrong, as the certificate is valid now; its CA is " + ca;
  return said + ": the application pins its server's certificate, or the CA " + ca +
         " is not installed there";
}

/// It has left without saying why. `said`: "reset the connection".
std::string client_left(const Trouble& trouble, std::string_view said) {
  const std::string how(said);
  if (trouble.relayed && trouble.from_client == 0) {
    return "the client " + how +
           " behind the handshake, without a word: applications do so that look at the " +
           "certificate themselves (pinning)";
  }
  if (trouble.relayed) {
    return "the client " + how + " in mid-stream, behind " + std::to_string(trouble.from_client) +
           " bytes from it and " + std::to_string(trouble.from_server) + " from the server";
  }
  if (trouble.client.last_sent.empty()) {
    const std::string_view last = trouble.server.last_received;
    return "the client " + how + " before it was answered: the server had sent " +
           (last.empty() ? std::string("nothing yet") : std::string(last) + " last");
  }
  const std::string defect =
      trouble.shown_trusted || !trouble.own_key.empty() ? "" : certificate_cause(trouble);
  const std::string behind = "the client " + how + " behind the " + std::string(trouble.client.last_sent);
  if (!defect.empty()) return behind + " that it was sent, and may have seen this: " + defect;
  return behind +
         " that it was sent: applications do so that pin their server's certificate or do not trust the CA " +
         named(trouble.shown_issuer);
}

std::string client_failure(const Trouble& trouble) {
  const std::string& alert = trouble.client.alert_received;
  const std::string behind = " behind the " + std::string(trouble.client.last_sent) + " that it was sent";
  if (alert.empty() && trouble.client.last_sent.empty())
    return "limpid and the client have nothing in common: " + offer(trouble);
  if (alert.empty()) return "the client said what TLS does not allow" + behind;
  if (alert == "decrypt_error") {
    return "the client could not verify a signature" + behind +
           ": an application that looks at the certificate itself (pinning), or a damaged one";
  }
  return "the client gave the handshake up (" + alert + ")" + behind;
}

// --- server leg ---

std::string server_left(const Trouble& trouble, std::string_view said) {
  const std::string how(said);
  if (trouble.relayed) {
    return "the server " + how + " in mid-stream, behind " + std::to_string(trouble.from_client) +
           " bytes from the client and " + std::to_string(trouble.from_server) + " from it";
  }
  if (trouble.server.last_sent.empty()) return {};  // before the client has said its hello
  if (trouble.asked_for_certificate) return request_cause(trouble) + "; then it " + how;
  if (trouble.server.last_received.empty()) {
    return "the server " + how + " behind the ClientHello: it, or a firewall before it, does not take that " +
           "hello, its name or its sender; " + offer(trouble);
  }
  if (!trouble.client.last_sent.empty())
    return "the server " + how + " behind its handshake, before the client had made its own";
  return "the server " + how + " behind the " + std::string(trouble.server.last_sent) +
         " that it was sent; it had sent " + std::string(trouble.server.last_received) + " last";
}

std::string server_failure(const Trouble& trouble) {
  const std::string& alert = trouble.server.alert_received;
  const std::string at(trouble.server.last_received);
  if (alert.empty()) return at.empty() ? std::string() : "the last that came from the server was its " + at;
  if (alert == "protocol_version") {
    return "no version in common with the server: " + newest(trouble) + "; limpid allows " +
           versions(trouble.server_versions) + " there";
  }
  if (trouble.asked_for_certificate) return request_cause(trouble) + "; then it sent the alert " + alert;
  if (alert == "unrecognized_name") return "the server does not know the name " + named(trouble.host);
  if (alert == "no_application_protocol") return "no application protocol (ALPN) in common with the server";
  if (at.empty() && (alert == "handshake_failure" || alert == "insufficient_security"))
    return "no cipher, group or signature in common with the server: " + offer(trouble);
  return "the server gave the handshake up (" + alert + ")" +
         (at.empty() ? std::string(" behind the ClientHello") : "; it had sent " + at + " last");
}

std::string version_cause(const Trouble& trouble, bool client) {
  const policy::VersionRange& allowed = client ? trouble.client_versions : trouble.server_versions;
  return std::string("no version in common with the ") + (client ? "client" : "server") + ": " +
         newest(trouble) + "; limpid allows " + versions(allowed) +
         " there (tls.versions, or those of the rule)";
}

constexpr std::string_view kReset = "reset the connection";
constexpr std::string_view kClosed = "closed the connection";
constexpr std::string_view kSilent = "said nothing more in time";

std::string not_tls(const Trouble& trouble) {
  return "the server answered the ClientHello with something else: port " + std::to_string(trouble.port) +
         " does not speak TLS, or not from the first byte";
}

struct Known {
  Reason reason;
  std::string (*cause)(const Trouble& trouble);
};
using T = const Trouble&;
constexpr std::array<Known, 13> kKnown{{
    {Reason::client_rejected_certificate, client_refusal},
    {Reason::client_reset, [](T trouble) { return client_left(trouble, kReset); }},
    {Reason::client_handshake_closed, [](T trouble) { return client_left(trouble, kClosed); }},
    {Reason::client_handshake_deadline, [](T trouble) { return client_left(trouble, kSilent); }},
    {Reason::client_handshake_failed, client_failure},
    {Reason::client_version_unsupported, [](T trouble) { return version_cause(trouble, true); }},
    {Reason::server_reset, [](T trouble) { return server_left(trouble, kReset); }},
    {Reason::server_handshake_closed, [](T trouble) { return server_left(trouble, kClosed); }},
    {Reason::server_handshake_deadline, [](T trouble) { return server_left(trouble, kSilent); }},
    {Reason::server_handshake_failed, server_failure},
    {Reason::server_version_unsupported, [](T trouble) { return version_cause(trouble, false); }},
    {Reason::server_not_tls, not_tls},
    {Reason::server_wants_client_certificate, request_cause},
}};

}  // namespace

std::optional<Culprit> at_fault(const Trouble& trouble) {
  const bool refused = trouble.reason == Reason::client_rejected_certificate;
  const bool mirrored =
      trouble.own_key.empty() && !trouble.shown_trusted && !certificate_cause(trouble).empty();
  return refused && mirrored ? std::optional(Culprit::server) : std::nullopt;
}

std::string likely_cause(const Trouble& trouble) {
  for (const Known& known : kKnown) {
    if (known.reason == trouble.reason) return known.cause(trouble);
  }
  return name(trouble.reason).starts_with("server_certificate_") ? certificate_cause(trouble) : std::string();
}

}  // namespace limpid::tls
