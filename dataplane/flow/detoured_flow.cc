#include "dataplane/flow/detoured_flow.h"

#include "dataplane/tcp/segment.h"

namespace limpid::flow {

const WaitingPacket* DetouredFlow::first_waiting(bool from_client) const {
  const WaitingPacket* first = nullptr;
  for (const WaitingPacket& each : waiting_) {
    if (each.from_client != from_client || !wire::checksums_valid(each.view)) continue;
    const bool earlier = first == nullptr || static_cast<std::int32_t>(each.view.seq - first->view.seq) < 0;
    if (earlier) first = &each;
  }
  return first;
}

void DetouredFlow::note(const wire::PacketView& view, bool from_client) {
  if ((view.flags & tcp::kRst) != 0) return;
  doubtful_reset = Reason::none;
  if ((view.flags & tcp::kAck) == 0) return;
  End& its = end(from_client);
  note_fin(view, its, end(!from_client));
  // What was overtaken says nothing new.
  if (its.known && static_cast<std::int32_t>(view.ack - its.acknowledged) < 0) return;
  its.acknowledged = view.ack;
  its.known = true;
}

/// One that is damaged, or behind which its end goes on speaking, was none to the other end.
void DetouredFlow::note_fin(const wire::PacketView& view, End& its, const End& other) {
  const std::uint32_t end = view.seq + static_cast<std::uint32_t>(view.payload_size());
  if ((view.flags & tcp::kFin) == 0) {
    const bool speaks_on = view.payload_size() != 0 && static_cast<std::int32_t>(end - its.end) >= 0;
    if (speaks_on) its.fin = false;
    return;
  }
  const bool again = its.fin && its.end == end + 1;
  const bool news = !other.known || static_cast<std::int32_t>(end + 1 - other.acknowledged) > 0;
  if (again || !news || !wire::checksums_valid(view)) return;
  its.fin = true;
  its.end = end + 1;
}

DetouredFlow::Belief DetouredFlow::belief_in(const wire::PacketView& rst, bool from_client) const {
  constexpr std::uint32_t kOnItsWayMax = 1U << 20U;
  if (!wire::checksums_valid(rst)) return Belief::kNone;
  const End& receiver = end(!from_client);
  // A server refuses what it was only asked.
  if (!receiver.known) return from_client ? Belief::kMay : Belief::kMust;
  if (rst.seq == receiver.acknowledged) return Belief::kMust;
  return rst.seq - receiver.acknowledged <= kOnItsWayMax ? Belief::kMay : Belief::kNone;
}

}  // namespace limpid::flow
