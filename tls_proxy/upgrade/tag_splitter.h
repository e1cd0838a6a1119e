// TagSplitter: the tags of an XML stream (RFC 6120 §11), out of bytes that are cut anywhere. Text between
// them is left out. No tree is made and nothing is validated: only elements' names are wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/bytes.h"

namespace limpid::tls {

struct XmlTag {
  enum class Kind : std::uint8_t { kBegin, kEnd, kEmpty };
  Kind kind = Kind::kBegin;
  std::string_view name;  // without its namespace's prefix
};

class TagSplitter {
 public:
  enum class Took : std::uint8_t { kTag, kNothing, kTooLong };
  static constexpr std::size_t kTagMax = 8'192;

  /// Takes all up to the end of the next tag off the front of `rest`. The tag is valid until the next call.
  Took next(Bytes& rest, XmlTag& tag);
  /// A tag has begun and not ended.
  bool within_tag() const { return within_; }

 private:
  bool take(char c);

  std::string text_;  // of the tag, without its brackets
  bool within_ = false;
  char quote_ = 0;  // within an attribute's value
};

/// Whether only blanks are there: allowed between elements at any time.
bool is_blank(Bytes bytes);

}  // namespace limpid::tls
