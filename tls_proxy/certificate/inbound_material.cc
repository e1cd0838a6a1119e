#include "tls_proxy/certificate/inbound_material.h"

#include <openssl/err.h>

#include "tls_proxy/certificate/dates.h"
#include "tls_proxy/certificate/pem_file.h"

namespace limpid::certificate {

namespace {

constexpr int kSecurityBitsMin = 112;  // RSA-2048, P-224
constexpr std::chrono::hours kExpiresSoon{14 * 24};

/// Loads one entry; what is wrong on the way is gathered.
class EntryLoader {
 public:
  EntryLoader(const InboundFiles& files, std::size_t entry, WallTime now)
      : files_(files), entry_(entry), now_(now) {}

  /// False: nothing usable, and the problems say why (or somebody has said it before).
  bool load(KeyAndChain& made) {
    const bool there = files_.pkcs12.empty() ? load_pem(made) : load_pkcs12(made);
    if (!there) return false;
    check_chain(made.certificates);
    check_dates(made.certificates.front().get());
    check_strength(made.certificates.front().get());
    ERR_clear_error();
    return problems.empty();
  }

  std::vector<InboundProblem> problems{};
  std::vector<InboundProblem> warnings{};

 private:
  InboundFile certificate_file() const {
    return files_.pkcs12.empty() ? InboundFile::kCertificate : InboundFile::kPkcs12;
  }
  const std::string& certificate_path() const {
    return files_.pkcs12.empty() ? files_.certificate : files_.pkcs12;
  }
  void refuse(InboundFile file, std::string sentence, std::string expected = "", std::string hint = "") {
    problems.push_back({entry_, file, std::move(sentence), std::move(expected), std::move(hint)});
  }
  void warn(InboundFile file, std::string sentence, std::string hint = "") {
    warnings.push_back({entry_, file, std::move(sentence), "", std::move(hint)});
  }
  /// Whoever cannot open it is told where the passphrase belongs.
  void refuse_key(InboundFile file, std::string sentence) {
    refuse(
        file, std::move(sentence), "",
        files_.passphrase ? "" : "passphrase: { file: … } says where the passphrase of an encrypted key is");
  }

  bool load_pem(KeyAndChain& made) {
    if (!files_.certificate.empty()) load_certificates(made);
    if (!files_.key.empty()) load_key(made);
    if (!made.key || made.certificates.empty()) return false;
    if (X509_check_private_key(made.certificates.front().get(), made.key.get()) == 1) return true;
    refuse(InboundFile::kKey, files_.key + ": is not the key of " + files_.certificate,
           "the private key that belongs to the file's first certificate",
           "openssl x509 -pubkey and openssl pkey -pubout must show the same");
    return false;
  }
  void load_certificates(KeyAndChain& made) {
    auto certificates = read_certificates(files_.certificate);
    if (!certificates) {
      refuse(InboundFile::kCertificate, certificates.error(), "the server's chain in PEM, its own first");
    } else if (certificates->empty()) {
      refuse(InboundFile::kCertificate, files_.certificate + ": holds no certificate in PEM form",
             "the server's chain in PEM, its own first");
    } else {
      made.certificates = std::move(certificates).value();
    }
  }
  void load_key(KeyAndChain& made) {
    auto key = read_private_key(files_.key, files_.passphrase);
    if (!key) return refuse_key(InboundFile::kKey, key.error());
    made.key = std::move(key).value();
    if (readable_by_all(files_.key)) {
      warn(InboundFile::kKey, files_.key + ": every user of this machine can read this private key",
           "chmod 600 it");
    }
  }
  bool load_pkcs12(KeyAndChain& made) {
    auto both = read_pkcs12(files_.pkcs12, files_.passphrase);
    if (!both) {
      refuse_key(InboundFile::kPkcs12, both.error());
      return false;
    }
    made = std::move(both).value();
    return true;
  }

  /// Clients get the file as it is: whoever needs the intermediate certificates must have put them there.
  void check_chain(const std::vector<openssl::X509Ptr>& chain) {
    for (std::size_t i = 1; i < chain.size(); ++i) {
      if (X509_check_issued(chain[i].get(), chain[i - 1].get()) == X509_V_OK) continue;
      warn(certificate_file(),
           certificate_path() + ": certificate " + std::to_string(i + 1) + " did not sign the one before it",
           "the server's own certificate first, then its issuer's, and so on");
      return;
    }
  }
  void check_dates(X509* leaf) {
    const std::optional<WallTime> from = wall_time(X509_get0_notBefore(leaf));
    const std::optional<WallTime> until = wall_time(X509_get0_notAfter(leaf));
    if (!from || !until) return refuse(certificate_file(), certificate_path() + ": its dates cannot be read");
    const std::string end = date_text(X509_get0_notAfter(leaf));
    if (*until <= now_) {
      warn(certificate_file(), certificate_path() + ": has expired on " + end + "; clients will refuse it");
    } else if (*until <= now_ + kExpiresSoon) {
      warn(certificate_file(), certificate_path() + ": expires on " + end);
    }
    if (*from > now_) {
      warn(certificate_file(),
           certificate_path() + ": is not valid yet, but from " + date_text(X509_get0_notBefore(leaf)),
           "is this machine's clock right?");
    }
  }
  void check_strength(X509* leaf) {
    if (EVP_PKEY_get_security_bits(X509_get0_pubkey(leaf)) >= kSecurityBitsMin) return;
    warn(certificate_file(), certificate_path() + ": its key is too weak for today's clients",
         "RSA-2048 or P-256 at least");
  }

  const InboundFiles& files_;
  std::size_t entry_;
  WallTime now_;
};

void append(std::vector<InboundProblem>&& from, std::vector<InboundProblem>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

Result<std::shared_ptr<const InboundMaterial>, std::vector<InboundProblem>> InboundMaterial::load(
    const std::vector<InboundFiles>& entries, WallTime now) {
  const std::shared_ptr<InboundMaterial> material(new InboundMaterial());
  std::vector<openssl::KeyPtr> keys;
  std::vector<InboundProblem> problems;
  bool whole = true;
  for (std::size_t entry = 0; entry < entries.size(); ++entry) {
    EntryLoader loader(entries[entry], entry, now);
    KeyAndChain made;
    whole = loader.load(made) && whole;
    append(std::move(loader.problems), problems);
    append(std::move(loader.warnings), material->warnings_);
    if (!whole) continue;
    OwnCertificate own{std::move(made.certificates.front()), {}, static_cast<KeyId>(keys.size())};
    own.chain.assign(std::make_move_iterator(made.certificates.begin() + 1),
                     std::make_move_iterator(made.certificates.end()));
    material->certificates_.push_back(std::move(own));
    keys.push_back(std::move(made.key));
  }
  if (!whole) return Failure{std::move(problems)};
  material->keys_ = std::make_unique<FileSigningKey>(std::move(keys));
  return std::shared_ptr<const InboundMaterial>(material);
}

}  // namespace limpid::certificate
