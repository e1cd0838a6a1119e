// StreamBio: OpenSSL's view of a ByteStream. It reads straight from the stream's memory and writes straight
// into it. Two peculiarities of OpenSSL end here: at the end of the stream it is only told to wait (a BIO
// that reports EOF makes it break off the other direction, too), and a write is always taken (a write that
// must be repeated would have to be repeated with the same plaintext). Whoever uses the engine looks at the
// stream for the end, and at ready() before the next write. Thread: the worker's.
#pragma once

#include <cstddef>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/tcp/byte_stream.h"
#include "tls_proxy/openssl/leg_watcher.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::openssl {

class StreamBio {
 public:
  explicit StreamBio(tcp::ByteStream& stream) : stream_(&stream) {}
  StreamBio(const StreamBio&) = delete;
  StreamBio& operator=(const StreamBio&) = delete;

  /// A BIO over this object, which must outlive it and stay where it is. Null where there is no memory.
  BioPtr make();

  /// Bytes that were taken off the stream already and are to be read first.
  void put_back(std::vector<std::byte> bytes) {
    front_ = std::move(bytes);
    front_at_ = 0;
  }
  /// Sees everything from now on; outlives this object. Null: nobody does.
  void watch(LegWatcher* watcher) { watcher_ = watcher; }
  LegWatcher* watcher() const { return watcher_; }
  tcp::ByteStream& stream() const { return *stream_; }
  /// Nothing to read now, and nothing will come.
  bool at_end() const { return front_.empty() && stream_->finished(); }
  bool flushed() const { return kept_.empty(); }
  void flush();
  void finish();

  std::size_t read(MutableBytes into);
  void write(Bytes bytes);

 private:
  std::size_t take(MutableBytes into);

  tcp::ByteStream* stream_;
  LegWatcher* watcher_ = nullptr;
  std::vector<std::byte> front_;
  std::size_t front_at_ = 0;
  std::vector<std::byte> kept_;  // written, but the stream had no memory for it
  bool finish_due_ = false;
  bool finished_ = false;
};

}  // namespace limpid::openssl
