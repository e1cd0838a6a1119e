// LegRecorder: tells mirrors a leg's connection as its peer sees it, with the secrets that decrypt it.
// Readers need the secrets before the first byte that is encrypted, so everything up to the end of the
// handshake is kept and then told at once: secrets first. Thread: the worker's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/tool/plaintext_tap.h"
#include "tls_proxy/openssl/leg_watcher.h"

namespace limpid::tls {

class LegRecorder final : public openssl::LegWatcher {
 public:
  using Taps = std::vector<std::unique_ptr<tool::PlaintextTap>>;

  /// Of the leg whose peer it is that sends in this direction. `clock` outlives it.
  LegRecorder(Taps taps, const Clock& clock, tool::Direction of_peer = tool::Direction::kFromClient)
      : taps_(std::move(taps)), clock_(clock), of_peer_(of_peer) {}
  /// A handshake that never ended is told as far as it came.
  ~LegRecorder() override;
  LegRecorder(const LegRecorder&) = delete;
  LegRecorder& operator=(const LegRecorder&) = delete;

  void on_read(Bytes bytes) override { tell(of_peer_, bytes); }
  void on_written(Bytes bytes) override { tell(ours(), bytes); }
  void on_finished() override { end(ours()); }
  void on_secret(std::string_view line) override;
  /// The handshake is over.
  void on_established() { release(); }
  /// The peer's FIN has come.
  void on_peer_finished() { end(of_peer_); }

 private:
  struct Piece {
    tool::Direction direction = tool::Direction::kFromClient;
    WallTime when{};
    std::vector<std::byte> bytes;
  };

  tool::Direction ours() const {
    using tool::Direction;
    return of_peer_ == Direction::kFromClient ? Direction::kFromServer : Direction::kFromClient;
  }
  void tell(tool::Direction direction, Bytes bytes);
  void end(tool::Direction direction);
  void release();
  void tell_secrets(WallTime when);

  Taps taps_;
  const Clock& clock_;
  tool::Direction of_peer_;
  std::vector<Piece> kept_;
  std::size_t kept_size_ = 0;
  std::string secrets_;  // lines that were not told yet; wiped then
  bool keeping_ = true;
};

}  // namespace limpid::tls
