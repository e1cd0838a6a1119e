#include "tls_proxy/upgrade/socks.h"

#include <algorithm>

#include "dataplane/base/address.h"

namespace limpid::tls {

namespace {

constexpr std::size_t kConnect = 1;
constexpr std::size_t kTextMax = 255;

}  // namespace

// --- SOCKS 4 --------------------------------------------------------------------------------------------

Finding Socks4::on_client(Bytes bytes) {
  constexpr std::size_t kFixed = 8;  // version, command, port, address
  if (asked_) return bytes.empty() ? kMore : kPipelined;
  if (!request_.fill(kFixed, bytes)) return kMore;
  if (request_.at(1) != kConnect) return kStaysPlain;
  const Bytes address = request_.bytes().subspan(4);
  // 0.0.0.x: the server's name follows the user's (SOCKS 4a).
  const bool named = request_.at(4) == 0 && request_.at(5) == 0 && request_.at(6) == 0 && request_.at(7) != 0;
  while (!take_text(bytes)) {
    if (text_.size() > kTextMax) return kTooMuch;
    if (bytes.empty()) return kMore;
  }
  if (named && !user_known_) {
    user_known_ = true;
    text_.clear();
    return on_client(bytes);
  }
  target_.port = static_cast<std::uint16_t>(request_.at(2) << 8U | request_.at(3));
  target_.host = named ? text_ : IpAddress::v4(address.first(4)).text();
  asked_ = true;
  return bytes.empty() ? kMore : kPipelined;
}

/// True: the zero byte that ends it has come.
bool Socks4::take_text(Bytes& rest) {
  while (!rest.empty() && text_.size() <= kTextMax) {
    const char c = as_text(rest).front();
    rest = rest.subspan(1);
    if (c == '\0') return true;
    text_ += c;
  }
  return false;
}

Finding Socks4::on_server(Bytes bytes) {
  constexpr std::size_t kReply = 8;
  constexpr std::size_t kGranted = 90;
  if (!asked_) return kNonsense;
  if (!reply_.fill(kReply, bytes)) return kMore;
  return reply_.at(0) == 0 && reply_.at(1) == kGranted ? agreed(bytes) : kStaysPlain;
}

// --- SOCKS 5 --------------------------------------------------------------------------------------------

namespace {

constexpr std::size_t kVersion = 5;
constexpr std::size_t kPasswordVersion = 1;  // RFC 1929
constexpr std::size_t kAround = 6;           // version, command or status, reserved, kind of address; port

/// Bytes of a request or a reply, once its first five are there; 0: an unknown kind of address.
std::size_t size_of(const MessageHead& message) {
  switch (message.at(3)) {
    case 1:
      return kAround + 4;
    case 3:
      return kAround + 1 + message.at(4);
    case 4:
      return kAround + 16;
    default:
      return 0;
  }
}

TunnelTarget target_of(const MessageHead& request) {
  const std::size_t size = request.size();
  const Bytes address = request.bytes().subspan(4, size - kAround);
  TunnelTarget target;
  target.port = static_cast<std::uint16_t>(request.at(size - 2) << 8U | request.at(size - 1));
  if (request.at(3) == 3) {
    target.host = as_text(address.subspan(1));
  } else {
    target.host = (address.size() == 4 ? IpAddress::v4(address) : IpAddress::v6(address)).text();
  }
  return target;
}

/// Names and a password: two texts behind their lengths.
bool fill_password(MessageHead& message, Bytes& rest) {
  if (!message.fill(2, rest)) return false;
  const std::size_t user_end = 2 + message.at(1);
  return message.fill(user_end + 1, rest) && message.fill(user_end + 1 + message.at(user_end), rest);
}

}  // namespace

Finding Socks5::on_client(Bytes bytes) {
  while (!bytes.empty()) {
    if (asked_) return kPipelined;
    if (const Finding found = on_message(bytes); found.kind != Finding::Kind::kMore) return found;
  }
  return kMore;
}

Finding Socks5::on_message(Bytes& rest) {
  client_.fill(1, rest);
  if (greeted_ && client_.at(0) == kVersion) return on_request(rest);
  const bool password = greeted_ && client_.at(0) == kPasswordVersion;
  if (greeted_ && !password) return kStaysPlain;  // GSSAPI
  const bool whole = password ? fill_password(client_, rest)
                              : client_.fill(2, rest) && client_.fill(2 + client_.at(1), rest);
  if (!whole) return kMore;
  greeted_ = true;
  client_.clear();
  return kMore;
}

Finding Socks5::on_request(Bytes& rest) {
  if (!client_.fill(5, rest)) return kMore;
  const std::size_t size = size_of(client_);
  if (size == 0) return kNonsense;
  if (!client_.fill(size, rest)) return kMore;
  if (client_.at(1) != kConnect) return kStaysPlain;
  target_ = target_of(client_);
  asked_ = true;
  return kMore;
}

Finding Socks5::on_server(Bytes bytes) {
  while (!bytes.empty()) {
    if (next_ == Answer::kReply) return on_reply(bytes);
    if (!greeted_) return kNonsense;
    if (!server_.fill(2, bytes)) return kMore;
    const std::size_t chosen = server_.at(1);
    server_.clear();
    const bool password = next_ == Answer::kMethod && chosen == 2;
    if (chosen != 0 && !password) return kStaysPlain;  // refused, or GSSAPI
    next_ = password ? Answer::kStatus : Answer::kReply;
  }
  return kMore;
}

Finding Socks5::on_reply(Bytes& rest) {
  if (!asked_) return kNonsense;
  if (!server_.fill(5, rest)) return kMore;
  const std::size_t size = size_of(server_);
  if (size == 0 || server_.at(0) != kVersion) return kNonsense;
  if (!server_.fill(size, rest)) return kMore;
  return server_.at(1) == 0 ? agreed(rest) : kStaysPlain;
}

}  // namespace limpid::tls
