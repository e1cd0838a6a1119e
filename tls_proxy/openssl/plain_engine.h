// PlainEngine: a leg whose bytes are relayed as they are. What the relay does at the ends of streams is then
// the same for flows that turned out not to be intercepted after they were taken over. Thread: the worker's.
#pragma once

#include <algorithm>
#include <vector>

#include "tls_proxy/openssl/stream_bio.h"
#include "tls_proxy/openssl/tls_engine.h"

namespace limpid::tls {

class PlainEngine final : public TlsEngine {
 public:
  explicit PlainEngine(tcp::ByteStream& stream) : bytes_(stream) {}
  void put_back(std::vector<std::byte> bytes) { bytes_.put_back(std::move(bytes)); }

  ReadResult read(MutableBytes into) override {
    const std::size_t size = bytes_.read(into);
    if (size > 0) return {Read::kBytes, size};
    if (bytes_.stream().failure() != Reason::none) return {Read::kBroken, 0};
    return {bytes_.at_end() ? Read::kEnd : Read::kWait, 0};
  }
  bool write(Bytes bytes) override {
    bytes_.write(bytes);
    return true;
  }
  bool ready() const override { return bytes_.flushed() && bytes_.stream().credit() > 0; }
  bool flushed() const override { return bytes_.flushed(); }
  void flush() override { bytes_.flush(); }
  void close_notify() override {}
  void finish() override { bytes_.finish(); }
  tcp::ByteStream& stream() override { return bytes_.stream(); }

 private:
  openssl::StreamBio bytes_;
};

}  // namespace limpid::tls
