#include "tls_proxy/inbound.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace limpid::tls {

namespace {

using certificate::PresentedChain;
using policy::Direction;

/// What the log says: `names` are entries' names in quotes.
std::string sentence(const std::string& names, const FlowFacts& facts, const PresentedChain& chain,
                     std::string_view what) {
  return "tls.inbound " + names + ": the server " + facts.server.text() +
         " presents another certificate (SHA-256 " + certificate::hex(chain.leaf_fingerprint()) + ") " +
         std::string(what);
}

/// By the first algorithm of the client's that there is; null: by none.
const openssl::CompressedChain* first_of(const std::vector<openssl::CompressedChain>& have,
                                         const std::vector<std::uint16_t>& taken) {
  for (const std::uint16_t algorithm : taken) {
    for (const openssl::CompressedChain& each : have) {
      if (each.algorithm == algorithm) return &each;
    }
  }
  return nullptr;
}

}  // namespace

InboundKeys::InboundKeys(std::vector<policy::OwnServer> servers,
                         std::shared_ptr<const certificate::InboundMaterial> material)
    : servers_(std::move(servers)), material_(std::move(material)) {
  LIMPID_CHECK(material_ && material_->certificates().size() == servers_.size(),
               "own servers without their certificates");
  for (const certificate::OwnCertificate& each : material_->certificates())
    compressed_.push_back(openssl::compress_chain(each.leaf.get(), each.chain));
}

InboundKeys::Choice InboundKeys::choose(Direction wanted, const FlowFacts& facts, std::string_view sni,
                                        const PresentedChain& chain) const {
  if (wanted == Direction::kOutbound) return {};
  const Numbers candidates = own_servers_of(servers_, facts, sni);
  const auto find = [&](const auto& fits) {
    return std::find_if(candidates.begin(), candidates.end(), fits);
  };
  const auto same = find([&](std::uint16_t each) { return presents(each, chain); });
  if (same != candidates.end()) return {Choice::What::kOwn, *same, Reason::none, {}};

  const EVP_PKEY* key = X509_get0_pubkey(chain.leaf());
  const auto renewed = find([&](std::uint16_t each) {
    return key != nullptr && EVP_PKEY_eq(X509_get0_pubkey(own(each).leaf.get()), key) == 1;
  });
  if (renewed != candidates.end()) {
    return {Choice::What::kOwn, *renewed, Reason::none,
            sentence('"' + servers_[*renewed].name + '"', facts, chain,
                     "with the same key: clients are shown the configured one")};
  }

  Numbers expected;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(expected),
               [this](std::uint16_t each) { return servers_[each].is_expected(); });
  if (!expected.empty()) return changed(expected, wanted, facts, chain);
  if (wanted == Direction::kInbound) return {Choice::What::kRefuse, 0, Reason::inbound_key_missing, {}};
  return {};
}

InboundKeys::Choice InboundKeys::changed(const Numbers& expected, Direction wanted, const FlowFacts& facts,
                                         const PresentedChain& chain) const {
  std::string names;
  bool block = wanted == Direction::kInbound;
  for (const std::uint16_t each : expected) {
    names += (names.empty() ? "\"" : ", \"") + servers_[each].name + '"';
    block = block || servers_[each].on_change == policy::ChangedCertificate::kBlock;
  }
  return {block ? Choice::What::kRefuse : Choice::What::kForge, 0, Reason::inbound_certificate_changed,
          sentence(names, facts, chain,
                   block ? "with another key: the session is refused"
                         : "with another key: the session is intercepted outbound")};
}

certificate::KeyKind InboundKeys::kind(std::size_t entry) const {
  const EVP_PKEY* key = X509_get0_pubkey(own(entry).leaf.get());
  const bool rsa = EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1;
  return rsa ? certificate::KeyKind::kRsa2048 : certificate::KeyKind::kP256;
}

void InboundKeys::fill(std::size_t entry, const ClientHello& hello, std::string staple,
                       openssl::ClientAnswer& answer) const {
  const certificate::OwnCertificate& shown = own(entry);
  answer.leaf = shown.leaf.get();
  for (const openssl::X509Ptr& further : shown.chain) answer.chain.push_back(further.get());
  // A compressed message has no room for the response.
  if (staple.empty() || !hello.status_request)
    answer.compressed = first_of(compressed_[entry], hello.compressions);
  answer.staple = std::move(staple);
  answer.lend_key = [this, key = shown.key](SSL& connection) {
    return material_->keys().lend(key, connection);
  };
}

}  // namespace limpid::tls
