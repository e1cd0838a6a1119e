// tls.inbound: certificates and keys of servers of the operator's own, and where those servers are.
#include "config/conditions.h"
#include "config/sections.h"

namespace limpid::config {

namespace {

void read_passphrase(const Value& value, const Files& files, PassphraseSource& into) {
  auto section = Section::open(value);
  if (!section) return;
  const auto file = section->take("file");
  const auto env = section->take("env");
  if (file.has_value() == env.has_value())
    value.error("a passphrase has one source", "{ file: PATH } or { env: NAME }");
  if (file) into.file = files.input(*file, "a file whose first line is the passphrase").value_or("");
  if (env) into.env = env->text("the name of an environment variable").value_or("");
  section->finish();
}

}  // namespace

void read_own_key(Section& section, const Files& files, std::string_view whose, OwnKey& made) {
  const auto pkcs12 = section.take("pkcs12");
  const auto certificate = section.take("certificate");
  const auto key = section.take("key");
  if (pkcs12 ? certificate || key : !certificate || !key) {
    section.value().error(std::string(whose) + " has one certificate with its key",
                          "certificate and key, both PEM, or pkcs12: a file that has both");
  }
  if (pkcs12) made.pkcs12 = files.input(*pkcs12, "a PKCS#12 file").value_or("");
  if (certificate) made.pair.certificate = files.pem(*certificate, "CERTIFICATE").value_or("");
  if (key) made.pair.key = files.pem(*key, "PRIVATE KEY").value_or("");
  if (const auto passphrase = section.take("passphrase"))
    read_passphrase(*passphrase, files, made.passphrase);
}

namespace {

void read_key(const Value& value, const Files& files, NameTable& names, InboundKey& made) {
  auto section = Section::open(value);
  if (!section) return;
  made.server.name = read_name(*section, names).value_or("");
  read_own_key(*section, files, "a server", made);
  read_list(*section, "servers", "addresses", made.server.servers, read_prefix);
  read_list(*section, "ports", "ports", made.server.ports, read_port_range);
  read_list(*section, "sni", "host patterns", made.server.sni, read_pattern);
  static const std::vector<std::string> kWords = {"block", "outbound"};
  const auto change = section->take("changed_certificate");
  const auto word = change ? change->one_of("a decision", kWords) : std::nullopt;
  if (word) made.server.on_change = static_cast<policy::ChangedCertificate>(*word);
  section->finish();
}

}  // namespace

void read_inbound_keys(const Value& value, Reading& reading) {
  const auto elements = value.list("servers of your own", Value::ListForm::kListOrEmpty);
  if (!elements) return;
  if (elements->size() > policy::kOwnServersMax) {
    return value.error("there are " + std::to_string(elements->size()) + " servers",
                       "at most " + std::to_string(policy::kOwnServersMax));
  }
  NameTable names("server of tls.inbound");
  for (const Value& element : *elements)
    read_key(element, reading.files, names, reading.made.tls.inbound.emplace_back());
}

}  // namespace limpid::config
