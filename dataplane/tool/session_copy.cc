#include "dataplane/tool/session_copy.h"

namespace limpid::tool {

SessionCopy::SessionCopy(const FlowFacts& facts, WallTime when, const Surroundings& surroundings)
    : surroundings_(surroundings), story_(facts, when, surroundings.sink, surroundings.packet_max) {
  if (surroundings_.masking == nullptr) return;
  for (auto& mask : masks_) mask.emplace(*surroundings_.masking);
}

void SessionCopy::on_bytes(Direction direction, Bytes bytes, WallTime when) {
  if (!mask(direction)) return story_.tell_bytes(direction, bytes, when, surroundings_.sink);
  std::vector<std::byte> masked;
  mask(direction)->take(bytes, masked);
  tell_masked(direction, masked, when);
}

void SessionCopy::skip(Direction direction, std::uint64_t bytes, WallTime when) {
  if (mask(direction)) {
    std::vector<std::byte> masked;
    mask(direction)->skip(bytes, masked);
    tell_masked(direction, masked, when);
  }
  story_.skip(direction, bytes);
}

void SessionCopy::on_end(Direction direction, WallTime when) {
  finish(direction, when);
  story_.tell_end(direction, when, surroundings_.sink);
}

void SessionCopy::on_reset(Direction direction, WallTime when) {
  finish(direction, when);
  story_.tell_reset(direction, when, surroundings_.sink);
}

void SessionCopy::on_over(WallTime when) {
  finish(Direction::kFromClient, when);
  finish(Direction::kFromServer, when);
  story_.tell_over(when, surroundings_.sink);
}

void SessionCopy::finish(Direction direction, WallTime when) {
  if (!mask(direction)) return;
  std::vector<std::byte> masked;
  mask(direction)->finish(masked);
  tell_masked(direction, masked, when);
}

void SessionCopy::tell_masked(Direction direction, const std::vector<std::byte>& bytes, WallTime when) {
  if (!bytes.empty()) story_.tell_bytes(direction, bytes, when, surroundings_.sink);
}

}  // namespace limpid::tool
