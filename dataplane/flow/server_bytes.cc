#include "dataplane/flow/server_bytes.h"

#include "dataplane/tcp/segment.h"

namespace limpid::flow {

bool ServerBytes::on_segment(const wire::PacketView& view, FlowMemo& memo) {
  if ((view.flags & tcp::kSyn) != 0) {
    if ((view.flags & tcp::kAck) != 0) next_ = view.seq + 1;
    return true;
  }
  Bytes payload = view.payload();
  if (payload.empty()) return true;
  if (!next_) return false;  // its beginning was never seen

  const auto offset = static_cast<std::int32_t>(view.seq - *next_);
  if (offset < 0) {
    const auto old = static_cast<std::size_t>(-std::int64_t{offset});
    if (old >= payload.size()) return true;
    payload = payload.subspan(old);
  }
  if (offset <= 0 && pending_.empty()) {
    *next_ += static_cast<std::uint32_t>(payload.size());
    return memo.on_server_bytes(payload);
  }
  const auto at = static_cast<std::size_t>(offset < 0 ? 0 : offset);
  if (pending_.add(at, payload) == Reassembly::Added::kRefused) return false;
  const Bytes ready = pending_.contiguous();
  if (ready.empty()) return true;
  const std::size_t size = ready.size();
  const bool more = memo.on_server_bytes(ready);
  pending_.consume(size);
  *next_ += static_cast<std::uint32_t>(size);
  return more;
}

}  // namespace limpid::flow
