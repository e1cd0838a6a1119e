// MemoryStream: a ByteStream without a network. The session holds one end; the test, or a TlsPeer, is the
// peer at the other: it delivers bytes, takes what was written (which acknowledges it), ends and resets.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "dataplane/tcp/byte_stream.h"

namespace limpid::testing {

class MemoryStream final : public tcp::ByteStream {
 public:
  explicit MemoryStream(Reason reset_reason) : reset_reason_(reset_reason) {}

  // --- the peer's side ---
  void deliver(std::string_view bytes) {
    if (aborted_) return;
    inbox_ += bytes;
    news_ = news_ || !bytes.empty();
  }
  void deliver_fin() { fin_received_ = news_ = true; }
  void deliver_reset() {
    failure_ = reset_reason_;
    outbox_.clear();
    news_ = true;
  }
  /// Takes and acknowledges up to `size` bytes of what the session wrote.
  std::string take(std::size_t size = std::string::npos) {
    std::string taken = outbox_.substr(0, size);
    outbox_.erase(0, taken.size());
    news_ = news_ || !taken.empty();
    return taken;
  }
  bool fin_sent() const { return fin_sent_ && outbox_.empty(); }
  bool aborted() const { return aborted_; }
  std::size_t waiting() const { return outbox_.size(); }
  std::size_t waiting_max() const { return waiting_max_; }
  /// Has the session something to act on since this was last asked?
  bool take_news() { return std::exchange(news_, false); }
  void window(std::size_t bytes) { window_ = bytes; }
  /// The stream's memory: beyond it, write() takes nothing.
  void memory(std::size_t bytes) {
    memory_ = bytes;
    news_ = true;
  }

  // --- ByteStream ---
  std::size_t readable() const override { return inbox_.size(); }
  Bytes peek() const override { return as_bytes(std::string_view(inbox_).substr(0, 1460)); }
  std::size_t copy_front(MutableBytes into) const override {
    const std::size_t size = std::min(into.size(), inbox_.size());
    std::memcpy(into.data(), inbox_.data(), size);
    return size;
  }
  void consume(std::size_t size) override { inbox_.erase(0, size); }
  bool finished() const override { return fin_received_ && inbox_.empty(); }
  std::size_t credit() const override {
    return closed() || outbox_.size() >= window_ ? 0 : window_ - outbox_.size();
  }
  std::size_t write(Bytes bytes) override {
    if (closed()) return 0;
    const std::size_t room = memory_ - std::min(memory_, outbox_.size());
    const std::size_t size = std::min(bytes.size(), room);
    outbox_ += as_text(bytes.first(size));
    waiting_max_ = std::max(waiting_max_, outbox_.size());
    return size;
  }
  void finish() override { fin_sent_ = true; }
  std::size_t unacknowledged() const override { return outbox_.size(); }
  void abort() override {
    aborted_ = true;
    inbox_.clear();
    outbox_.clear();
  }
  Reason failure() const override { return failure_; }

 private:
  bool closed() const { return aborted_ || fin_sent_ || failure_ != Reason::none; }

  Reason reset_reason_;
  std::string inbox_;
  std::string outbox_;
  std::size_t window_ = 256 * 1024;
  std::size_t memory_ = 64 * 1024 * 1024;
  std::size_t waiting_max_ = 0;
  Reason failure_ = Reason::none;
  bool fin_received_ = false;
  bool fin_sent_ = false;
  bool aborted_ = false;
  bool news_ = false;
};

}  // namespace limpid::testing
