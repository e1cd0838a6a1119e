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
  if ((view.flags & tcp::kFin) != 0) {
    its.fin = true;
    its.end = view.seq + static_cast<std::uint32_t>(view.payload_size()) + 1;
  }
  // What was overtaken says nothing new.
  if (its.known && static_cast<std::int32_t>(view.ack - its.acknowledged) < 0) return;
  its.acknowledged = view.ack;
  its.known = true;
}

bool DetouredFlow::resets(const wire::PacketView& rst, bool from_client) const {
  const End& receiver = end(!from_client);
  if (!receiver.known) return !from_client;  // a server refuses what it was only asked
  return rst.seq == receiver.acknowledged;
}

}  // namespace limpid::flow
