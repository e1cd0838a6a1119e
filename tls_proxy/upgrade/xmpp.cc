#include "tls_proxy/upgrade/xmpp.h"

namespace limpid::tls {

Finding Xmpp::on_client(Bytes bytes) {
  XmlTag tag;
  while (!bytes.empty()) {
    if (asked_) return is_blank(bytes) ? kMore : kPipelined;
    const TagSplitter::Took took = client_.next(bytes, tag);
    if (took == TagSplitter::Took::kTooLong) return kTooMuch;
    if (took == TagSplitter::Took::kNothing) break;
    if (tag.name == "stream" && tag.kind == XmlTag::Kind::kEnd) return kStaysPlain;
    if (tag.name != "starttls") continue;
    asking_ = tag.kind == XmlTag::Kind::kBegin;
    asked_ = !asking_;
  }
  return kMore;
}

Finding Xmpp::on_server(Bytes bytes) {
  XmlTag tag;
  while (!bytes.empty()) {
    const TagSplitter::Took took = server_.next(bytes, tag);
    if (took == TagSplitter::Took::kTooLong) return kTooMuch;
    if (took == TagSplitter::Took::kNothing) break;
    // SASL is over (RFC 6120 §6), or the stream.
    if (tag.name == "success" || (tag.name == "stream" && tag.kind == XmlTag::Kind::kEnd)) return kStaysPlain;
    if (!asked_) continue;
    if (tag.name == "failure") asked_ = false;
    if (tag.name != "proceed") continue;
    agreeing_ = tag.kind == XmlTag::Kind::kBegin;
    if (!agreeing_) return is_blank(bytes) ? kUpgraded : kReplyFollowed;
  }
  return kMore;
}

}  // namespace limpid::tls
