// What a session teaches of its kind of client: whether it takes a forged certificate; and the pass that may
// come of that where rules have waited for the server's certificate.
#include "tls_proxy/session.h"

namespace limpid::tls {

namespace {

// A client that leaves because of the certificate does so when it has it: a round trip and some work later.
// (Nobody on Earth is farther away.)
constexpr Duration kDepartureMax = std::chrono::seconds(1);

constexpr int kBadCertificate = 42;
constexpr int kCertificateUnknown = 46;
constexpr int kUnknownCa = 48;

}  // namespace

/// At the hello nobody knew yet which rule's session it is.
bool TlsSession::passes_learnt(Instant now) {
  const bool waited = shown_ != nullptr && forged_trusted_ && can_redial();
  if (!waited) return false;
  unseen_ = services_.ask_learnt(judgement_, facts_, sni_, prelude_.get(), kind_);
  if (unseen_ == nullptr) return false;
  services_.count_remembered(unseen_.get());
  pass_late(Reason::learnt_bypass, now);
  return true;
}

/// A certificate that a client is right to refuse teaches nothing, nor does its server's own.
bool TlsSession::learns() const {
  return !learnt_ && client_ != nullptr && forged_trusted_ && own_key_.empty() && client_->certificate_sent();
}

void TlsSession::learn_rejection(Rejection how) {
  if (!learns()) return;
  learnt_ = true;
  const auto place = services_.learnt_place(judgement_, facts_, sni_, prelude_.get(), kind_);
  if (place)
    services_.parts.learnt->on_failure(*place, services_.learning_of(judgement_), facts_.client.ip, how);
}

/// It has said nothing of the certificate. Later departures have other causes.
void TlsSession::learn_departure(Rejection how) {
  const bool at_once = services_.parts.clock->now() - phase_began_ <= kDepartureMax;
  // One that has left before it was answered has seen nothing.
  if (at_once && client_waited_ && plain_from_client_ == 0) learn_rejection(how);
}

void TlsSession::learn_alert() {
  if (plain_from_client_ > 0) return;
  switch (client_->alerts().received) {
    case kBadCertificate:
      return learn_rejection(Rejection::kBadCertificate);
    case kCertificateUnknown:
      return learn_rejection(Rejection::kCertificateUnknown);
    case kUnknownCa:
      return learn_rejection(Rejection::kUnknownCa);
    default:
      break;
  }
}

/// A client that ends after its server has heard all that it wanted.
void TlsSession::learn_end(Direction direction) {
  if (direction == Direction::kFromServer) server_ended_ = true;
  if (!server_ended_) learn_departure(Rejection::kSilent);
}

/// The client has ended the relay.
void TlsSession::learn_broken(flow::Legs legs, const RelayChain::Break& broken) {
  if (broken.how != TlsEngine::Read::kBroken) return learn_alert();
  if (legs.client.failure() == Reason::client_reset && !server_ended_) learn_departure(Rejection::kSilent);
}

/// Only what it says tells: many an application looks at the certificate after the handshake.
void TlsSession::learn_success() {
  if (learnt_) return;
  // A resumed session's certificate was taken in the handshake that it comes from.
  const bool shown = client_ != nullptr && forged_trusted_ && own_key_.empty();
  learnt_ = true;
  if (!shown) return;
  if (const auto place = services_.learnt_place(judgement_, facts_, sni_, prelude_.get(), kind_))
    services_.parts.learnt->on_success(*place);
}

}  // namespace limpid::tls
