#include "tls_proxy/leg_recorder.h"

#include <utility>

#include "dataplane/base/wipe.h"

namespace limpid::tls {

namespace {

constexpr std::size_t kKeptMax = 256U << 10U;  // no handshake that is worth its name is longer
constexpr std::size_t kSecretsRoom = 4'096;    // TLS 1.3 tells five lines of 200 bytes

void wipe_text(std::string& text) {
  wipe({reinterpret_cast<std::byte*>(text.data()), text.size()});
  text.clear();
}

}  // namespace

LegRecorder::~LegRecorder() {
  release();
  wipe_text(secrets_);
}

void LegRecorder::on_secret(std::string_view line) {
  secrets_.reserve(kSecretsRoom);  // it does not move, so nothing of it stays where it was
  if (secrets_.size() + line.size() + 1 > secrets_.capacity()) tell_secrets(clock_.wall());
  secrets_ += line;
  secrets_ += '\n';
  if (!keeping_) tell_secrets(clock_.wall());
}

void LegRecorder::tell(tool::Direction direction, Bytes bytes) {
  const WallTime when = clock_.wall();
  if (keeping_ && kept_size_ + bytes.size() <= kKeptMax) {
    kept_size_ += bytes.size();
    kept_.push_back({direction, when, {bytes.begin(), bytes.end()}});
    return;
  }
  release();
  for (const auto& tap : taps_) tap->on_bytes(direction, bytes, when);
}

void LegRecorder::end(tool::Direction direction) {
  release();
  for (const auto& tap : taps_) tap->on_end(direction, clock_.wall());
}

void LegRecorder::release() {
  if (!std::exchange(keeping_, false)) return;
  tell_secrets(clock_.wall());
  for (const Piece& piece : std::exchange(kept_, {})) {
    for (const auto& tap : taps_) tap->on_bytes(piece.direction, piece.bytes, piece.when);
  }
}

void LegRecorder::tell_secrets(WallTime when) {
  if (secrets_.empty()) return;
  for (const auto& tap : taps_) tap->on_secrets(as_bytes(secrets_), when);
  wipe_text(secrets_);
}

}  // namespace limpid::tls
