#include "tls_proxy/upgrade/tag_splitter.h"

#include <algorithm>

namespace limpid::tls {

namespace {

XmlTag tag_of(std::string_view text) {
  XmlTag tag;
  if (text.starts_with('/')) {
    tag.kind = XmlTag::Kind::kEnd;
    text.remove_prefix(1);
  } else if (text.ends_with('/')) {
    tag.kind = XmlTag::Kind::kEmpty;
    text.remove_suffix(1);
  }
  tag.name = text.substr(0, text.find_first_of(" \t\r\n"));
  const std::size_t colon = tag.name.find(':');
  if (colon != std::string_view::npos) tag.name.remove_prefix(colon + 1);
  return tag;
}

}  // namespace

TagSplitter::Took TagSplitter::next(Bytes& rest, XmlTag& tag) {
  const std::string_view input = as_text(rest);
  for (std::size_t i = 0; i < input.size(); ++i) {
    const bool whole = take(input[i]);
    if (text_.size() > kTagMax) return Took::kTooLong;
    if (!whole) continue;
    rest = rest.subspan(i + 1);
    tag = tag_of(text_);
    return Took::kTag;
  }
  rest = {};
  return Took::kNothing;
}

/// True: it ends a tag.
bool TagSplitter::take(char c) {
  if (!within_) {
    within_ = c == '<';
    if (within_) text_.clear();
    return false;
  }
  if (quote_ == 0 && c == '>') {
    within_ = false;
    return true;
  }
  if (quote_ == 0 && (c == '"' || c == '\'')) {
    quote_ = c;
  } else if (c == quote_) {
    quote_ = 0;
  }
  text_ += c;
  return false;
}

bool is_blank(Bytes bytes) { return as_text(bytes).find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace limpid::tls
