#include "dataplane/flow/hold.h"

#include <algorithm>

#include "dataplane/tcp/segment.h"

namespace limpid::flow {

Hold::Kept Hold::keep(wire::Packet packet, const wire::PacketView& view) {
  const std::size_t before = bytes().size();
  const auto offset = static_cast<std::int32_t>(view.seq - first_);
  Bytes payload = view.payload();
  // A keepalive may carry a byte from before the first: cut off.
  if (offset < 0)
    payload = payload.subspan(std::min(payload.size(), static_cast<std::size_t>(-std::int64_t{offset})));
  const auto at = static_cast<std::size_t>(std::max(offset, 0));
  const Reassembly::Added added = bytes_.add(at, payload);
  if ((view.flags & tcp::kFin) != 0 && offset >= 0 && added != Reassembly::Added::kRefused) {
    fin_seen_ = true;
    fin_offset_ = at + payload.size();
  }
  packets_.push_back({.packet = std::move(packet), .view = view});

  if (added == Reassembly::Added::kRefused || packets_.size() >= packets_max_) return Kept::kFull;
  if (!payload.empty() && added == Reassembly::Added::kNothing) return Kept::kSeenBefore;
  return bytes().size() > before ? Kept::kMoreBytes : Kept::kNoMore;
}

std::uint32_t Hold::end() const {
  const std::size_t end = bytes_.end();
  const bool fin_last = fin_seen_ && fin_offset_ >= end;
  return first_ + static_cast<std::uint32_t>(fin_last ? fin_offset_ + 1 : end);
}

}  // namespace limpid::flow
