#include "tls_proxy/passed_flow.h"

namespace limpid::tls {

namespace {

/// As PresentedChain has it, but without reading the certificates: most sightings are repetitions.
certificate::Fingerprint fingerprint_of(const std::vector<std::string>& chain) {
  std::string digests;
  for (const std::string& der : chain) {
    digests += as_text(certificate::fingerprint_of(der));
  }
  return certificate::fingerprint_of(digests);
}

/// Empty where one of them cannot be read.
certificate::PresentedChain parse(const std::vector<std::string>& chain) {
  std::vector<openssl::X509Ptr> certificates = certificate::parse_chain(chain);
  if (certificates.size() != chain.size()) return {};
  return certificate::PresentedChain::of(std::move(certificates));
}

}  // namespace

PassedFlow::PassedFlow(Services& services, const FlowFacts& facts, Judgement judgement,
                       const ClientHello* hello, bool observe, const Prelude* prelude)
    : services_(services), judgement_(std::move(judgement)) {
  sni_ = server_name(hello, prelude);
  if (prelude != nullptr)
    of_few_ = std::make_unique<OfFew>(OfFew{.spoken = prelude->spoken, .connect = prelude->connect()});
  if (observe) observation_ = std::make_unique<Observation>(Observation{facts, {}});
}

std::unique_ptr<PassedFlow> passed_through_tools(Services& services, const FlowFacts& facts,
                                                 Judgement judgement, const ClientHello* hello,
                                                 const Prelude* prelude, PassedKind kind) {
  const bool is_tls = kind != PassedKind::kOther;
  const bool observe = kind == PassedKind::kObservedTls;
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): the analyzer does not follow unique_ptr here
  std::unique_ptr<tool::PacketPath> path = services.path_of(facts, judgement, is_tls);
  auto made = std::make_unique<PassedFlow>(services, facts, std::move(judgement), hello, observe, prelude);
  made->go_through(std::move(path));
  return made;
}

bool PassedFlow::on_server_bytes(Bytes bytes) {
  using State = certificate::ServerHandshakeObserver::State;
  if (!observation_) return false;
  const State state = observation_->handshake.on_bytes(bytes);
  version_ = observation_->handshake.version();
  cipher_suite_ = observation_->handshake.cipher_suite();
  if (state == State::kReading) return true;
  const std::unique_ptr<Observation> over = std::move(observation_);
  if (state != State::kFound || over->handshake.chain().empty()) return false;
  if (sni_.empty()) name_server(over->handshake.chain().front());
  report(over->facts, over->handshake.chain());
  return false;
}

PassedFlow::OfFew& PassedFlow::of_few() {
  if (!of_few_) of_few_ = std::make_unique<OfFew>();
  return *of_few_;
}

/// Nothing else does. `leaf`: DER.
void PassedFlow::name_server(const std::string& leaf) {
  const std::vector<openssl::X509Ptr> read = certificate::parse_chain({leaf});
  if (read.empty()) return;
  of_few().names =
      std::make_shared<const certificate::SubjectNames>(certificate::subject_names(read.front().get()));
}

void PassedFlow::report(const FlowFacts& facts, const std::vector<std::string>& chain) {
  const WallTime wall = services_.wall();
  const std::uint32_t times = services_.sightings.pass(fingerprint_of(chain), facts.server, sni_, wall);
  if (times == 0) return;
  certificate::ObservedCertificate seen{.chain = chain,
                                        .outcome = {},
                                        .detail = {},
                                        .facts = facts,
                                        .sni = sni_,
                                        .seen = wall,
                                        .intercepted = false,
                                        .times = times,
                                        .leaf = {}};
  const certificate::PresentedChain parsed = parse(chain);
  if (!parsed.empty()) {
    certificate::Verdict verdict = services_.verifier.verify(parsed, sni_, facts.server.ip, wall);
    seen.outcome = std::string(name(verdict.outcome));
    seen.detail = std::move(verdict.detail);
  }
  services_.report(std::move(seen));
}

void PassedFlow::describe(SessionRecord& record) const {
  judgement_.fill(record);
  record.sni = sni_;
  if (path_) {
    record.tools = judgement_.names_of(path_->numbers());
    if (path_->remark() != Reason::none) record.detail = sentence(path_->remark());
  }
  if (of_few_) {
    record.upgrade = of_few_->spoken;
    record.connect = of_few_->connect;
    record.ja4 = of_few_->ja4.text();
    record.certificate_names = of_few_->names;
  }
  record.server.version = version_;
  record.server.version_name = version_name(version_);
  if (cipher_suite_ == 0) return;
  const openssl::Cipher* cipher = services_.contexts->ciphers().find(cipher_suite_);
  if (cipher != nullptr) record.server.cipher = cipher->standard_name;
  // On a passed flow both legs are one.
  record.client = record.server;
}

}  // namespace limpid::tls
