#include "tests/unit/tls_proxy/limbo/limbo_cases.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/pki.h"

namespace limpid::testing {

namespace {

using nlohmann::json;

constexpr const char* kSuite = "../shared/data/certs/x509-limbo.json.xz";

std::string unpacked(const std::string& path) {
  // Our own constant; the shell finds the program.
  FILE* pipe = ::popen(("xz -dc " + path).c_str(), "r");  // NOLINT(cert-env33-c)
  if (pipe == nullptr) return {};
  std::string text;
  std::string part(1U << 16U, '\0');
  for (std::size_t size = 0; (size = std::fread(part.data(), 1, part.size(), pipe)) > 0;)
    text.append(part, 0, size);
  ::pclose(pipe);
  return text;
}

std::string joined(const json& list) {
  std::string text;
  for (const json& each : list) text += each.get<std::string>();
  return text;
}

/// "2024-03-01T00:00:00.999+00:00"; those without a time are valid for centuries.
WallTime time_of(const json& value) {
  if (value.is_null()) return kTestNow;
  const std::string text = value;
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  WallTime time{std::chrono::seconds(timegm(&parts))};
  if (rest != nullptr && *rest == '.') {
    time += std::chrono::milliseconds(std::stoi(std::string(rest + 1, 3)));
  }
  return time;
}

std::string reason_not_to_count(const json& features) {
  for (const std::string feature : features) {
    if (feature.starts_with("pedantic-")) return feature;
  }
  return {};
}

LimboCase case_of(const json& from) {
  LimboCase made;
  made.id = from.at("id");
  made.roots = joined(from.at("trusted_certs"));
  made.intermediates = joined(from.at("untrusted_intermediates"));
  made.leaf = from.at("peer_certificate");
  if (const json& key = from.at("peer_certificate_key"); !key.is_null()) made.leaf_key = key;
  if (from.contains("crls")) made.crls = from.at("crls").get<std::vector<std::string>>();
  if (const json& name = from.at("expected_peer_name"); !name.is_null()) made.host = name.at("value");
  made.time = time_of(from.at("validation_time"));
  if (const json& depth = from.at("max_chain_depth"); !depth.is_null()) made.depth_max = depth.get<int>();
  made.must_pass = from.at("expected_result") == "SUCCESS";
  made.not_counted = reason_not_to_count(from.at("features"));
  return made;
}

}  // namespace

std::vector<openssl::X509Ptr> certificates_of(const std::string& pem) {
  const openssl::BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<openssl::X509Ptr> certificates;
  for (X509* each = nullptr; (each = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) != nullptr;)
    certificates.emplace_back(each);
  ERR_clear_error();
  return certificates;
}

certificate::PresentedChain LimboCase::chain() const {
  std::vector<openssl::X509Ptr> certificates = certificates_of(leaf);
  if (certificates.empty()) return {};
  for (openssl::X509Ptr& each : certificates_of(intermediates)) certificates.push_back(std::move(each));
  return certificate::PresentedChain::of(std::move(certificates));
}

std::vector<LimboCase> limbo_cases() {
  std::vector<LimboCase> cases;
  if (!std::filesystem::exists(kSuite)) return cases;
  const json suite = json::parse(unpacked(kSuite));
  for (const json& each : suite.at("testcases")) {
    if (each.at("validation_kind") == "SERVER") cases.push_back(case_of(each));
  }
  return cases;
}

}  // namespace limpid::testing
