// Any bytes as a frame: the parser never looks beyond them, what it accepts is consistent, and a SYN edit
// keeps what it must keep. The engine takes the frame from either side and gives back exactly what is its to
// give.
#include <cstdlib>
#include <memory>
#include <vector>

#include "dataplane/base/random.h"
#include "dataplane/flow/flow_engine.h"
#include "dataplane/tcp/segment.h"
#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/packet_view.h"
#include "dataplane/wire/pseudo_header.h"
#include "dataplane/wire/syn_editor.h"
#include "tests/support/memory_packets.h"
#include "tests/support/relay_session.h"

namespace {

using namespace limpid;  // NOLINT(google-build-using-namespace): a fuzz target is its own world

void require(bool claim) {
  if (!claim) std::abort();
}

class AdoptingUser final : public flow::FlowUser {
 public:
  flow::SynAdvice on_syn(const FlowFacts& /*facts*/, Instant /*now*/) override { return {}; }
  flow::FirstBytesAdvice on_first_bytes(const FlowFacts& /*facts*/, Bytes bytes, Instant /*now*/) override {
    flow::FirstBytesAdvice advice;
    switch (std::to_integer<unsigned>(bytes[0]) % 4) {
      case 0:
        break;
      case 1:
        advice.kind = flow::FirstBytesAdvice::Kind::kForward;
        break;
      case 2:
        advice.kind = flow::FirstBytesAdvice::Kind::kReset;
        break;
      default:
        advice.kind = flow::FirstBytesAdvice::Kind::kAdopt;
        advice.session = std::make_unique<flow::RelaySession>();
    }
    return advice;
  }
  std::unique_ptr<flow::Session> adopt_undecided(const FlowFacts& /*facts*/, Instant /*now*/) override {
    return std::make_unique<flow::RelaySession>();
  }
  void on_closed(const FlowFacts& /*facts*/, const flow::FlowSummary& /*summary*/,
                 std::unique_ptr<flow::Session> /*session*/, std::unique_ptr<flow::FlowMemo> /*memo*/,
                 Instant /*now*/) override {}
};

class CheckingOutput final : public flow::PacketOutput {
 public:
  void send(std::uint16_t /*segment*/, flow::Side /*to*/, wire::Packet packet) override {
    sum_ += packet.size() == 0 ? 0 : std::to_integer<std::size_t>(packet.bytes()[packet.size() - 1]);
  }

 private:
  std::size_t sum_ = 0;
};

void check_view(Bytes frame) {
  const auto view = wire::parse(frame);
  if (!view) return;
  require(view->ip.end <= frame.size());
  require(view->payload_offset <= view->ip.end);
  require(view->payload().size() == view->payload_size());
  const auto options = wire::parse_tcp_options(view->option_bytes());
  const bool valid = wire::checksums_valid(*view);
  if (!options) return;
  std::vector<std::byte> copy(frame.begin(), frame.end());
  const auto copied = wire::parse(copy);
  wire::edit_syn(copy, *copied, 1460);
  const auto edited = wire::parse(copy);
  require(edited.ok());
  require(wire::checksums_valid(*edited) == valid);
  const auto left = wire::parse_tcp_options(edited->option_bytes());
  require(left && !left->unknown && !left->fast_open && !left->multipath && !left->signature);
  require(left->window_scale == options->window_scale && left->timestamps == options->timestamps);
}

/// Without it nearly every mutation ends at a checksum.
void mend_checksums(MutableBytes frame) {
  const auto view = wire::parse(frame);
  if (!view) return;
  std::byte* ip = frame.data() + view->ip.ip_offset;
  if (!view->ip.v6) {
    wire::store16(ip + 10, 0);
    const Bytes header{ip, static_cast<std::size_t>(view->ip.transport_offset - view->ip.ip_offset)};
    wire::store16(ip + 10, wire::checksum_finish(wire::checksum_add(0, header)));
  }
  std::byte* tcp = frame.data() + view->tcp_offset();
  const Bytes segment{tcp, view->ip.end - view->tcp_offset()};
  wire::store16(tcp + 16, 0);
  const std::uint32_t sum =
      wire::pseudo_header_sum({view->ip.source_bytes(), view->ip.address_size() * 2}, segment.size());
  wire::store16(tcp + 16, wire::checksum_finish(wire::checksum_add(sum, segment)));
}

/// The input as a sequence of frames, each with its length, side and delay in front.
void feed_engine(Bytes bytes) {
  wire::MemoryPacketPool pool;
  {
    AdoptingUser user;
    CheckingOutput output;
    SeededRandom random(1);
    flow::FlowEngineSettings settings;
    settings.flows_max = 8;
    settings.adopted_max = 4;
    Instant now{std::chrono::seconds(1)};
    flow::FlowEngine engine(settings, user, output, pool, random, now);
    ByteReader reader(bytes);
    while (!reader.empty()) {
      const std::uint8_t how = reader.u8();
      const Bytes frame = reader.vector8();
      if (reader.failed()) break;
      now += std::chrono::milliseconds(1 << (how >> 4U));
      engine.run_timers(now);
      const flow::Side side = (how & 1U) != 0 ? flow::Side::kServer : flow::Side::kClient;
      wire::Packet packet = pool.packet(frame);
      if ((how & 4U) == 0) mend_checksums(packet.bytes());
      engine.on_packet(std::move(packet), {.segment = 0, .side = side}, now);
      if ((how & 2U) != 0) engine.flush(now);
    }
    engine.flush(now);
    engine.close_all(now);
  }
  require(pool.used() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
  check_view(bytes);
  (void)wire::parse_ip(bytes);
  (void)flow::flow_hash(bytes, 42);
  feed_engine(bytes);
  return 0;
}
