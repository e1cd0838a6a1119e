#include "tls_proxy/certificate/server_handshake_observer.h"

#include <utility>

namespace limpid::certificate {

namespace {

constexpr std::size_t kBytesMax = 64U << 10U;
constexpr std::size_t kCertificatesMax =
    32;  // further ones are left out: no chain that leads anywhere is longer
constexpr std::size_t kRecordMax = (16U << 10U) + 2048;  // RFC 5246 §6.2.3
constexpr std::uint8_t kAlertRecord = 21;
constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kServerHello = 2;
constexpr std::uint8_t kCertificate = 11;
constexpr std::uint16_t kSupportedVersions = 43;
constexpr std::uint16_t kSsl3 = 0x0300;
constexpr std::uint16_t kTls13 = 0x0304;

/// After which the handshake goes on: servers send "unrecognized_name" before their ServerHello (RFC 6066
/// §3).
bool is_mere_warning(Bytes alert) {
  constexpr std::uint8_t kWarning = 1;
  constexpr std::uint8_t kCloseNotify = 0;
  ByteReader reader(alert);
  const std::uint8_t level = reader.u8();
  const std::uint8_t description = reader.u8();
  return !reader.failed() && reader.empty() && level == kWarning && description != kCloseNotify;
}

}  // namespace

void ServerHandshakeObserver::stop(State state) {
  state_ = state;
  records_ = {};
  messages_ = {};
}

ServerHandshakeObserver::State ServerHandshakeObserver::on_bytes(Bytes bytes) {
  if (state_ != State::kReading) return state_;
  seen_ += bytes.size();
  if (seen_ > kBytesMax) {
    stop(State::kNothing);
    return state_;
  }
  records_ += as_text(bytes);
  read_records();
  return state_;
}

void ServerHandshakeObserver::read_records() {
  std::size_t done = 0;
  while (state_ == State::kReading) {
    ByteReader reader(as_bytes(records_).subspan(done));
    if (reader.empty()) break;
    const std::uint8_t type = reader.u8();
    if (type != kHandshakeRecord && type != kAlertRecord) return stop(State::kNothing);
    const std::uint16_t version = reader.u16();
    const std::uint16_t length = reader.u16();
    if (reader.failed()) break;
    if (version >> 8U != 3 || length == 0 || length > kRecordMax) return stop(State::kNothing);
    const Bytes body = reader.take(length);
    if (reader.failed()) break;
    done += 5U + length;
    if (type == kAlertRecord) {
      if (!is_mere_warning(body)) return stop(State::kNothing);
      continue;
    }
    messages_ += as_text(body);
    read_messages();
  }
  if (state_ != State::kReading) return;
  // Once a call, not once a record or message: a peer may make these tiny.
  records_.erase(0, done);
  messages_.erase(0, std::exchange(messages_read_, 0));
}

void ServerHandshakeObserver::read_messages() {
  while (state_ == State::kReading) {
    ByteReader reader(as_bytes(messages_).subspan(messages_read_));
    const std::uint8_t type = reader.u8();
    const Bytes body = reader.vector24();
    if (reader.failed()) break;
    messages_read_ += 4 + body.size();
    read_message(type, body);
  }
}

void ServerHandshakeObserver::read_message(std::uint8_t type, Bytes body) {
  switch (type) {
    case kServerHello:
      return read_server_hello(body);
    case kCertificate:
      return version_ != 0 ? read_certificate(body) : stop(State::kNothing);
    default:
      return stop(State::kNothing);  // no certificate comes after any other message
  }
}

void ServerHandshakeObserver::read_server_hello(Bytes body) {
  ByteReader reader(body);
  version_ = reader.u16();
  reader.take(32);
  reader.vector8();
  cipher_suite_ = reader.u16();
  reader.u8();
  if (reader.failed()) return stop(State::kNothing);
  ByteReader extensions(reader.vector16());
  while (!extensions.empty()) {
    const std::uint16_t type = extensions.u16();
    ByteReader value(extensions.vector16());
    if (type == kSupportedVersions) version_ = value.u16();
  }
  // Not a version that the record layer above carries in the clear.
  if (version_ < kSsl3 || version_ >= kTls13) stop(State::kNothing);
}

void ServerHandshakeObserver::read_certificate(Bytes body) {
  ByteReader reader(body);
  ByteReader list(reader.vector24());
  while (!list.empty()) {
    const Bytes der = list.vector24();
    if (list.failed() || der.empty()) break;
    if (chain_.size() < kCertificatesMax) chain_.emplace_back(as_text(der));
  }
  const bool good = !reader.failed() && !list.failed() && !chain_.empty();
  if (!good) chain_.clear();
  stop(good ? State::kFound : State::kNothing);
}

}  // namespace limpid::certificate
