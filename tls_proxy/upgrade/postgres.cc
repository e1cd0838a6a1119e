#include "tls_proxy/upgrade/postgres.h"

namespace limpid::tls {

namespace {

constexpr std::size_t kRequestSize = 8;
constexpr std::uint32_t kSslRequest = 80'877'103;
constexpr std::uint32_t kGssRequest = 80'877'104;

}  // namespace

Finding Postgres::on_client(Bytes bytes) {
  while (!bytes.empty()) {
    if (asked_) return kPipelined;
    if (!request_.fill(kRequestSize, bytes)) break;
    ByteReader reader(request_.bytes());
    const std::uint32_t size = reader.u32();
    const std::uint32_t code = reader.u32();
    if (size != kRequestSize || (code != kSslRequest && code != kGssRequest)) return kStaysPlain;
    request_.clear();
    asked_ = true;
    for_tls_ = code == kSslRequest;
  }
  return kMore;
}

Finding Postgres::on_server(Bytes bytes) {
  if (bytes.empty()) return kMore;
  const char answer = as_text(bytes).front();
  if (!asked_) return kNonsense;  // servers wait for their clients
  if (answer == 'S' && for_tls_) return agreed(bytes.subspan(1));
  if (answer != 'N') return kStaysPlain;
  asked_ = false;
  // It waits for the client now.
  return bytes.size() == 1 ? kMore : kNonsense;
}

}  // namespace limpid::tls
