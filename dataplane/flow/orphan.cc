#include "dataplane/flow/orphan.h"

#include <array>
#include <chrono>

namespace limpid::flow {

namespace {

using std::chrono::seconds;

// After each message. Linux answers a socket's strays twice a second at most.
constexpr std::array<Duration, 3> kPauses{seconds(1), seconds(2), seconds(4)};
constexpr std::uint16_t kWindow = 0xffff;

}  // namespace

Orphan::Orphan(const LedgerEntry& entry, Instant first_reset)
    : segment_(entry.facts.segment),
      client_(entry.client, entry.facts.server, entry.facts.client, entry.client_side),
      server_(entry.server, entry.facts.client, entry.facts.server, opposite(entry.client_side)),
      due_(first_reset) {}

void Orphan::reset(SegmentOutput& output, Leg& leg) {
  if (leg.gone || !leg.headers.known()) return;
  output.send(segment_, leg.side, leg.headers, {.seq = leg.noted.next, .flags = tcp::kRst});
}

void Orphan::probe(SegmentOutput& output, Leg& leg) {
  if (leg.gone || !leg.headers.known()) return;
  tcp::SegmentOut out;
  out.seq = leg.noted.next - 1;
  out.ack = leg.noted.expected;
  out.window = kWindow;
  out.flags = tcp::kAck;
  // Without them some receivers drop it unanswered (RFC 7323 §3.2), and with older ones, too (§5.3).
  if (leg.noted.timestamps) out.options.timestamps = wire::Timestamps{.value = leg.noted.ts_value, .echo = 0};
  output.send(segment_, leg.side, leg.headers, out);
}

void Orphan::run(SegmentOutput& output, Instant now) {
  for (Leg* leg : {&client_, &server_}) {
    told_ ? probe(output, *leg) : reset(output, *leg);
  }
  if (told_) ++probes_;
  told_ = true;
  due_ = probes_ < kPauses.size() ? now + kPauses.at(probes_) : kNever;
}

void Orphan::hear(SegmentOutput& output, bool from_client, const wire::PacketView& segment, Instant now) {
  Leg& speaks = from_client ? client_ : server_;
  Leg& other = from_client ? server_ : client_;
  speaks.heard = true;
  speaks.gone = speaks.gone || (segment.flags & tcp::kRst) != 0;
  other.headers.learn(segment);
  if (told_) return;
  reset(output, other);
  told_ = true;
  due_ = now + kPauses.front();
}

bool Orphan::over() const {
  const bool asked = probes_ == kPauses.size();
  return (client_.gone && server_.gone) || (asked && client_.heard && server_.heard);
}

}  // namespace limpid::flow
