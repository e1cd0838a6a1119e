#include "tls_proxy/upgrade/upgrade_dialogue.h"

#include "tls_proxy/upgrade/http_connect.h"
#include "tls_proxy/upgrade/imap.h"
#include "tls_proxy/upgrade/irc.h"
#include "tls_proxy/upgrade/ldap.h"
#include "tls_proxy/upgrade/mysql.h"
#include "tls_proxy/upgrade/postgres.h"
#include "tls_proxy/upgrade/rdp.h"
#include "tls_proxy/upgrade/reply_dialogue.h"
#include "tls_proxy/upgrade/socks.h"
#include "tls_proxy/upgrade/xmpp.h"

namespace limpid::tls {

namespace {

using policy::UpgradeProtocol;

constexpr char kTlsHandshake = 0x16;
constexpr std::string_view kProxy = "proxy";
constexpr Finding kNotTls{.kind = Finding::Kind::kNever, .reason = Reason::not_tls};
constexpr Finding kServerSpoke{.kind = Finding::Kind::kNever, .reason = Reason::server_spoke_first};

std::unique_ptr<Recogniser> recogniser_of(UpgradeProtocol protocol) {
  switch (protocol) {
    case UpgradeProtocol::kSmtp:
    case UpgradeProtocol::kLmtp:
      return std::make_unique<ReplyDialogue>(ReplyDialogue::smtp());
    case UpgradeProtocol::kImap:
      return std::make_unique<Imap>();
    case UpgradeProtocol::kPop3:
      return std::make_unique<ReplyDialogue>(ReplyDialogue::pop3());
    case UpgradeProtocol::kFtp:
      return std::make_unique<ReplyDialogue>(ReplyDialogue::ftp());
    case UpgradeProtocol::kNntp:
      return std::make_unique<ReplyDialogue>(ReplyDialogue::nntp());
    case UpgradeProtocol::kManageSieve:
      return std::make_unique<ReplyDialogue>(ReplyDialogue::manage_sieve());
    case UpgradeProtocol::kLdap:
      return std::make_unique<Ldap>();
    case UpgradeProtocol::kXmpp:
      return std::make_unique<Xmpp>();
    case UpgradeProtocol::kIrc:
      return std::make_unique<Irc>();
    case UpgradeProtocol::kPostgres:
      return std::make_unique<Postgres>();
    case UpgradeProtocol::kMysql:
      return std::make_unique<Mysql>();
    case UpgradeProtocol::kRdp:
      return std::make_unique<Rdp>();
  }
  return nullptr;
}

}  // namespace

UpgradeDialogue::UpgradeDialogue(std::optional<UpgradeProtocol> of_port)
    : of_port_(of_port), proxy_(std::make_unique<ProxyHeader>()) {
  if (!of_port) return;
  recogniser_ = recogniser_of(*of_port);
  spoken_ = policy::name(*of_port);
}

/// False: it is too much.
bool UpgradeDialogue::count(Bytes bytes) {
  bytes_ += bytes.size();
  return bytes_ <= kBytesMax;
}

// --- The client -----------------------------------------------------------------------------------------

Finding UpgradeDialogue::on_client(Bytes bytes) {
  if (!count(bytes)) return kTooMuch;
  if (proxy_ == nullptr) return on_words(bytes);
  Bytes rest = bytes;
  const ProxyHeader::Took took = proxy_->take(rest);
  if (took == ProxyHeader::Took::kPartly) return kMore;
  if (took == ProxyHeader::Took::kMalformed) return kNonsense;
  const std::unique_ptr<ProxyHeader> header = std::move(proxy_);
  if (took == ProxyHeader::Took::kWhole) {
    proxied_ = true;
    if (spoken_.empty()) spoken_ = kProxy;
  } else if (const Finding found = on_words(header->kept()); found.kind != Finding::Kind::kMore) {
    return found;
  }
  Finding found = on_words(rest);
  if (found.kind == Finding::Kind::kUpgraded) found.prefix += bytes.size() - rest.size();
  return found;
}

/// What the client says itself.
Finding UpgradeDialogue::on_words(Bytes bytes) {
  if (bytes.empty()) return kMore;
  if (!client_spoke_) {
    client_spoke_ = true;
    const char first = as_text(bytes).front();
    if (first == kTlsHandshake) {
      spoken_ = proxied_ ? kProxy : std::string_view();
      upgraded_ = true;
      return kUpgraded;
    }
    if (recogniser_ == nullptr && !recognise(first)) return kNotTls;
  }
  const Finding found = recogniser_->on_client(bytes);
  upgraded_ = found.kind == Finding::Kind::kUpgraded;
  return found;
}

/// The protocols of proxies differ in their first byte. False: it is none of them.
bool UpgradeDialogue::recognise(char first) {
  switch (first) {
    case 'C':
      recogniser_ = std::make_unique<HttpConnect>();
      spoken_ = "connect";
      return true;
    case '\x04':
      recogniser_ = std::make_unique<Socks4>();
      spoken_ = "socks4";
      return true;
    case '\x05':
      recogniser_ = std::make_unique<Socks5>();
      spoken_ = "socks5";
      return true;
    default:
      return false;
  }
}

// --- The server -----------------------------------------------------------------------------------------

Finding UpgradeDialogue::on_server(Bytes bytes) {
  if (bytes.empty()) return kMore;
  if (upgraded_) return on_server_before_hello(bytes);
  if (!count(bytes)) return kTooMuch;
  // A load balancer says its header before the server says anything.
  if (proxy_ != nullptr && proxy_->kept().empty()) proxy_.reset();
  if (recogniser_ == nullptr) return kServerSpoke;
  const Finding found = recogniser_->on_server(bytes);
  agreed_ = found.kind == Finding::Kind::kUpgraded;
  upgraded_ = agreed_;
  // What a tunnel leads to may well speak first.
  return found.reason == Reason::upgrade_reply_followed && target() != nullptr ? kServerSpoke : found;
}

Finding UpgradeDialogue::on_server_before_hello(Bytes bytes) const {
  if (!agreed_ || target() != nullptr) return kServerSpoke;
  return of_port_ == UpgradeProtocol::kXmpp && is_blank(bytes) ? kMore : kReplyFollowed;
}

}  // namespace limpid::tls
