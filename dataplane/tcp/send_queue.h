// SendQueue: the bytes that wait to be sent or to be acknowledged, and the positions of the sending half.
// Written bytes are kept unchanged until they are acknowledged, so that a retransmission carries the same
// bytes. The FIN is a position like a byte: it lies at written(), and is sent and acknowledged like one.
#pragma once

#include "dataplane/base/bytes.h"
#include "dataplane/tcp/chunked_stream.h"
#include "dataplane/tcp/sequence.h"

namespace limpid::tcp {

class SendQueue {
 public:
  explicit SendQueue(ChunkPool& pool) : stream_(pool) {}

  /// Returns how many bytes were taken: fewer where the pool ran out.
  std::size_t write(Bytes bytes) {
    const std::size_t taken = stream_.write(written_, bytes);
    written_ += static_cast<Offset>(taken);
    return taken;
  }
  void finish() { finishing_ = true; }

  Offset acknowledged() const { return acknowledged_; }         // SND.UNA
  Offset next() const { return acknowledged_ + outstanding_; }  // SND.NXT
  Offset written() const { return written_; }
  /// Where everything ends that is to be sent, the FIN included.
  Offset end() const { return written_ + (finishing_ ? 1 : 0); }
  bool finishing() const { return finishing_; }
  bool fin_acknowledged() const { return finishing_ && acknowledged_ > written_; }
  std::size_t unacknowledged() const { return static_cast<std::size_t>(end() - acknowledged_); }
  /// Sent and not acknowledged, in sequence numbers.
  std::size_t outstanding() const { return outstanding_; }

  /// The written bytes from `from` on, at most to `to`, that lie in one chunk.
  Bytes piece(Offset from, Offset to) const { return stream_.piece(from, to); }

  void sent_up_to(Offset next) { outstanding_ = static_cast<std::uint32_t>(next - acknowledged_); }
  void acknowledge(Offset up_to) {
    outstanding_ -= static_cast<std::uint32_t>(up_to - acknowledged_);
    acknowledged_ = up_to;
    if (up_to >= written_) {
      stream_.clear();
    } else {
      stream_.release_below(up_to);
    }
  }
  /// Nothing of it will be sent any more.
  void clear() {
    stream_.clear();
    written_ = acknowledged_;
    outstanding_ = 0;
    finishing_ = false;
  }

  std::size_t chunks() const { return stream_.chunks(); }

 private:
  ChunkedStream stream_;
  Offset acknowledged_ = 0;
  Offset written_ = 0;
  std::uint32_t outstanding_ = 0;  // no window is wider than that
  bool finishing_ = false;
};

}  // namespace limpid::tcp
