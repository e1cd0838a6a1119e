// PassageEngine: one of the two ends of a tool's passage as the relay sees it. On the tool's side a direction
// can only end by FIN; what that FIN stood for (close_notify, a FIN after it, or a truncated stream) is kept
// here, and told on where the FIN comes out of the tool. A tool that ends a direction by itself has said
// what it had to say: that is a clean end. Thread: the worker's.
#pragma once

#include "dataplane/tool/stream_comparison.h"
#include "tls_proxy/openssl/stream_bio.h"
#include "tls_proxy/openssl/tls_engine.h"

namespace limpid::tls {

/// How one direction was ended where it went into the tool.
struct PassageEnd {
  bool notified = false;  // close_notify
  bool finished = false;  // FIN
};

class PassageEngine final : public TlsEngine {
 public:
  /// `in`: of the direction that is written here; `out`: of the one that is read here.
  PassageEngine(tcp::ByteStream& stream, PassageEnd& in, const PassageEnd& out,
                tool::StreamComparison& written, tool::StreamComparison& read)
      : bytes_(stream), in_(in), out_(out), written_(written), read_(read) {}

  ReadResult read(MutableBytes into) override {
    const std::size_t size = bytes_.read(into);
    if (size > 0) {
      read_.came_out(into.first(size));
      return {Read::kBytes, size};
    }
    if (bytes_.stream().failure() != Reason::none) return {Read::kBroken, 0};
    if (!bytes_.at_end()) return {Read::kWait, 0};
    if (out_.notified || out_.finished) read_.ended();
    return {truncated() ? Read::kEnd : Read::kCloseNotify, 0};
  }
  bool write(Bytes bytes) override {
    written_.went_in(bytes);
    bytes_.write(bytes);
    return true;
  }
  bool ready() const override { return bytes_.flushed() && bytes_.stream().credit() > 0; }
  bool flushed() const override { return bytes_.flushed(); }
  void flush() override { bytes_.flush(); }
  void close_notify() override {
    in_.notified = true;
    bytes_.finish();
  }
  void finish() override {
    in_.finished = true;
    bytes_.finish();
  }
  bool drop_rest() override { return TlsEngine::drop_rest() && (out_.finished || !out_.notified); }
  tcp::ByteStream& stream() override { return bytes_.stream(); }

 private:
  bool truncated() const { return out_.finished && !out_.notified; }

  openssl::StreamBio bytes_;
  PassageEnd& in_;
  const PassageEnd& out_;
  tool::StreamComparison& written_;
  tool::StreamComparison& read_;
};

}  // namespace limpid::tls
