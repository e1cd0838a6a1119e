#include "dataplane/flow/reassembly.h"

#include <algorithm>

namespace limpid::flow {

Reassembly::Added Reassembly::add(std::size_t offset, Bytes bytes) {
  if (bytes.empty()) return Added::kNothing;
  const std::size_t end = offset + bytes.size();
  if (end > bytes_max_ || end < offset) return Added::kRefused;

  // [first, last): the pieces that touch the new one; they and it become one.
  const auto first =
      std::find_if(pieces_.begin(), pieces_.end(), [&](const Piece& p) { return p.end >= offset; });
  const auto last = std::find_if(first, pieces_.end(), [&](const Piece& p) { return p.begin > end; });
  if (first != last && first->begin <= offset && first->end >= end) return Added::kNothing;
  if (first == last && pieces_.size() >= pieces_max_) return Added::kRefused;

  if (buffer_.size() < end) buffer_.resize(end);
  std::size_t at = offset;
  const auto copy_until = [&](std::size_t until) {
    if (until <= at) return;
    std::copy_n(bytes.data() + (at - offset), until - at, buffer_.data() + at);
  };
  Piece merged{.begin = offset, .end = end};
  for (auto piece = first; piece != last; ++piece) {
    copy_until(std::min(piece->begin, end));
    at = std::max(at, piece->end);
    merged.begin = std::min(merged.begin, piece->begin);
    merged.end = std::max(merged.end, piece->end);
  }
  copy_until(end);
  pieces_.insert(pieces_.erase(first, last), merged);
  return Added::kNew;
}

Bytes Reassembly::contiguous() const {
  if (pieces_.empty() || pieces_.front().begin != 0) return {};
  return {buffer_.data(), pieces_.front().end};
}

void Reassembly::consume(std::size_t size) {
  if (size == 0) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
  if (pieces_.front().end == size) {
    pieces_.erase(pieces_.begin());
  } else {
    pieces_.front().begin += size;  // made 0 again below
  }
  for (Piece& piece : pieces_) {
    piece.begin -= size;
    piece.end -= size;
  }
}

}  // namespace limpid::flow
