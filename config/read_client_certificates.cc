// tls.client_certificate and tls.client_certificates: servers that ask for a certificate of their client.
#include "config/conditions.h"
#include "config/sections.h"

namespace limpid::config {

namespace {

constexpr std::size_t kClientKeysMax = 1'024;

void read_client_key(const Value& value, const Files& files, ClientKey& made) {
  auto section = Section::open(value);
  if (!section) return;
  read_list(*section, "hosts", "host patterns", made.hosts, read_pattern);
  if (made.hosts.empty())
    section->value().error("nothing says which servers are shown it",
                           "hosts: names of servers, or patterns of them");
  read_own_key(*section, files, "a client", made);
  section->finish();
}

}  // namespace

std::optional<policy::ClientCertificate> read_client_certificate(const Value& value) {
  static const std::vector<std::string> kWords = {"pass", "continue", "block"};
  const auto word = value.one_of("a treatment", kWords);
  if (!word) return std::nullopt;
  return static_cast<policy::ClientCertificate>(*word);
}

void read_client_certificates(Section& section, const Files& files, Tls& tls) {
  if (const auto value = section.take("client_certificate"))
    tls.client_certificate = read_client_certificate(*value).value_or(tls.client_certificate);
  const auto value = section.take("client_certificates");
  const auto elements =
      value ? value->list("certificates of clients", Value::ListForm::kListOrEmpty) : std::nullopt;
  if (!elements) return;
  if (elements->size() > kClientKeysMax) {
    return value->error("there are " + std::to_string(elements->size()) + " certificates",
                        "at most " + std::to_string(kClientKeysMax));
  }
  for (const Value& element : *elements)
    read_client_key(element, files, tls.client_certificates.emplace_back());
}

}  // namespace limpid::config
