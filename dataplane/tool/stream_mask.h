// StreamMask: one direction of a copy on its way through everything that masks. Bytes come out in order and
// as many as went in; those of which a secret may still be in the making are held back: the digits of what
// may be a card number, and, where there are patterns, what follows the last line break, up to the longest
// match. A secret that goes over a line break is masked in its last line only. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/tool/mask_cards.h"
#include "dataplane/tool/mask_headers.h"
#include "dataplane/tool/masking.h"

namespace limpid::tool {

class StreamMask {
 public:
  using Buffer = std::vector<std::byte>;

  /// `masking` outlives the mask.
  explicit StreamMask(const Masking& masking);

  /// The next bytes; appends to `out` what is decided.
  void take(Bytes bytes, Buffer& out);
  /// Bytes were lost behind the last ones: what was held comes out masked whole, and so does what follows
  /// until it is known where the stream stands.
  void skip(std::uint64_t bytes, Buffer& out);
  /// Nothing more comes.
  void finish(Buffer& out);

 private:
  void mask_at(std::uint64_t offset);
  void mask_match(std::uint64_t from, std::uint64_t to);
  void mask_blindly(Bytes bytes);
  void note_breaks(Bytes bytes);
  std::uint64_t decided() const;
  void release(std::uint64_t until, Buffer& out);
  std::uint64_t end() const { return begin_ + held_.size(); }

  const Masking& masking_;
  std::optional<HeaderMask> headers_;
  std::optional<CardMask> cards_;
  std::unique_ptr<SecretStream> patterns_;
  std::uint64_t scanned_from_ = 0;  // where the pattern search began
  Buffer held_;
  std::uint64_t begin_ = 0;       // offset of the held bytes
  std::uint64_t line_begin_ = 0;  // behind the last line break
  std::size_t blind_ = 0;         // so many bytes, or to the line's end, after a loss
};

}  // namespace limpid::tool
