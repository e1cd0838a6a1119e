#include "dataplane/flow/reassembly.h"

#include <algorithm>

namespace limpid::flow {

/// Appends what `bytes`, which lie at `offset`, have between the piece's end and `until`.
void Reassembly::extend(Piece& piece, std::size_t until, std::size_t offset, Bytes bytes) {
  if (until <= piece.end()) return;
  const Bytes more = bytes.subspan(piece.end() - offset, until - piece.end());
  piece.bytes.insert(piece.bytes.end(), more.begin(), more.end());
}

Reassembly::Added Reassembly::add(std::size_t offset, Bytes bytes) {
  if (bytes.empty()) return Added::kNothing;
  const std::size_t end = offset + bytes.size();
  if (end > bytes_max_ || end < offset) return Added::kRefused;

  // [first, last): the pieces that touch the new one; they and it become one.
  const auto first =
      std::find_if(pieces_.begin(), pieces_.end(), [&](const Piece& p) { return p.end() >= offset; });
  const auto last = std::find_if(first, pieces_.end(), [&](const Piece& p) { return p.begin > end; });
  if (first != last && first->begin <= offset && first->end() >= end) return Added::kNothing;
  if (first == last && pieces_.size() >= pieces_max_) return Added::kRefused;

  // What comes in order goes to the end of what is there already, without a copy of that.
  const bool joins = first != last && first->begin <= offset;
  Piece merged = joins ? std::move(*first) : Piece{.begin = offset, .bytes = {}};
  for (auto piece = joins ? first + 1 : first; piece != last; ++piece) {
    extend(merged, std::min(piece->begin, end), offset, bytes);
    merged.bytes.insert(merged.bytes.end(), piece->bytes.begin(), piece->bytes.end());
  }
  extend(merged, end, offset, bytes);
  pieces_.insert(pieces_.erase(first, last), std::move(merged));
  return Added::kNew;
}

Bytes Reassembly::contiguous() const {
  if (pieces_.empty() || pieces_.front().begin != 0) return {};
  return pieces_.front().bytes;
}

void Reassembly::consume(std::size_t size) {
  if (size == 0) return;
  std::vector<std::byte>& front = pieces_.front().bytes;
  front.erase(front.begin(), front.begin() + static_cast<std::ptrdiff_t>(size));
  if (front.empty()) {
    pieces_.erase(pieces_.begin());
  } else {
    pieces_.front().begin += size;  // made 0 again below
  }
  for (Piece& piece : pieces_) piece.begin -= size;
}

std::size_t Reassembly::held() const {
  std::size_t held = 0;
  for (const Piece& piece : pieces_) held += piece.bytes.capacity();
  return held;
}

}  // namespace limpid::flow
