// Reassembly: the bytes of one stream from a known position on, put in order from segments that come in any
// order, more than once, or overlapping (the first copy of a byte wins, so that a later copy cannot change
// what was judged). Bounded in bytes and in pieces; memory is taken for the bytes that came, not for the gaps
// before them, so that one byte far ahead costs one byte. Used for a client's held first bytes and for the
// server bytes that a FlowMemo reads; adopted flows have tcp::Endpoint. Thread: the flow's worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/base/bytes.h"

namespace limpid::flow {

class Reassembly {
 public:
  enum class Added : std::uint8_t {
    kNew,      // at least one byte was not there before
    kNothing,  // all of them were
    kRefused,  // it would exceed a limit; nothing was taken
  };

  explicit Reassembly(std::size_t bytes_max, std::size_t pieces_max = 32)
      : bytes_max_(bytes_max), pieces_max_(pieces_max) {}

  /// `offset` from the first byte that has not been consumed.
  Added add(std::size_t offset, Bytes bytes);
  /// The bytes from the front up to the first gap; valid until the next add() or consume().
  Bytes contiguous() const;
  /// Takes `size` <= contiguous().size() bytes off the front.
  void consume(std::size_t size);
  bool empty() const { return pieces_.empty(); }
  /// The offset behind the last byte there is.
  std::size_t end() const { return pieces_.empty() ? 0 : pieces_.back().end(); }
  /// Memory held for them, in bytes.
  std::size_t held() const;

 private:
  struct Piece {
    std::size_t begin = 0;
    std::vector<std::byte> bytes;
    std::size_t end() const { return begin + bytes.size(); }
  };
  using Pieces = std::vector<Piece>;
  static void extend(Piece& piece, std::size_t until, std::size_t offset, Bytes bytes);

  std::size_t bytes_max_;
  std::size_t pieces_max_;
  Pieces pieces_;  // in order, with a gap between any two
};

}  // namespace limpid::flow
