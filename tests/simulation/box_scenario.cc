#include "tests/simulation/box_scenario.h"

#include <algorithm>
#include <sstream>

#include "tests/simulation/any_model.h"

namespace limpid::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t kMtuMinV4 = 576;
constexpr std::uint16_t kMtuMinV6 = 1280;  // RFC 8200 §5

wire::TcpOptions any_offer(Dice& dice) {
  wire::TcpOptions offer;
  if (dice.chance(0.9))
    offer.mss = static_cast<std::uint16_t>(dice.chance(0.7) ? 1460 : dice.between(300, 8960));
  if (dice.chance(0.8)) offer.window_scale = static_cast<std::uint8_t>(dice.between(0, 14));
  offer.sack_permitted = dice.chance(0.7);
  if (dice.chance(0.7)) offer.timestamps = wire::Timestamps{.value = any_number(dice)};
  return offer;
}

EndpointHostModel any_endpoint_peer(Dice& dice, bool opens) {
  EndpointHostModel model;
  model.settings = any_settings(dice);
  model.application = any_application(dice);
  GreetingModel greeting{.opens = opens, .isn = any_number(dice)};
  greeting.window = static_cast<std::uint16_t>(dice.between(2'000, 65'535));
  greeting.syn = any_offer(dice);
  greeting.ecn = dice.chance(0.4);
  greeting.leg = opens ? tcp::Leg::kServer : tcp::Leg::kClient;
  model.settings.receive_buffer_max =
      std::max<std::size_t>(model.settings.receive_buffer_max, greeting.window);
  model.greeting = greeting;
  if (dice.chance(0.15)) model.chunks_max = dice.between(96, 200);
  if (dice.chance(0.15)) model.chunks_max = dice.between(200, 8192);
  if (dice.chance(0.2)) model.no_packet = static_cast<double>(dice.magnitude(1, 200)) / 1000;
  return model;
}

ReferencePeerModel any_reference_peer(Dice& dice, bool opens) {
  ReferencePeerModel model;
  model.snd_nxt = any_number(dice);
  model.buffer = static_cast<std::uint32_t>(dice.between(2'000, 65'535));
  // As small as every path takes.
  model.payload_max =
      static_cast<std::uint16_t>(dice.chance(0.15) ? dice.between(1, 100) : dice.between(200, 480));
  model.in_flight_max = model.payload_max * static_cast<std::uint32_t>(dice.between(1, 20));
  model.timestamp = any_number(dice);
  model.probes_with_data = dice.chance(0.5);
  model.application = any_application(dice);
  model.application.bytes = std::min<std::uint64_t>(model.application.bytes, 100ULL * model.payload_max);
  ReferenceHandshake handshake{.opens = opens, .sack = dice.chance(0.6), .timestamps = dice.chance(0.6)};
  handshake.mss = static_cast<std::uint16_t>(dice.between(300, 1460));
  if (dice.chance(0.6)) handshake.shift = static_cast<std::uint8_t>(dice.between(0, 3));
  model.handshake = handshake;
  return model;
}

Mischief any_mischief(Dice& dice) {
  const auto now_and_then = [&dice] { return static_cast<double>(dice.magnitude(1, 400)) / 1000; };
  Mischief mischief;
  if (dice.chance(0.15)) mischief.window_max = static_cast<std::uint16_t>(dice.magnitude(1, 300));
  if (dice.chance(0.3)) mischief.retracts = now_and_then();
  if (dice.chance(0.2)) {
    mischief.closed_from = dice.duration(milliseconds{1}, seconds{5});
    mischief.closed_for = dice.duration(milliseconds{100}, seconds{100});
  }
  if (dice.chance(0.5)) mischief.sack_lies = now_and_then();
  if (dice.chance(0.4)) mischief.reneges = now_and_then();
  if (dice.chance(0.5)) mischief.overlaps = now_and_then();
  if (dice.chance(0.4)) mischief.strays = now_and_then() / 2;
  mischief.fin_first = dice.chance(0.3);
  return mischief;
}

BoxPeerModel any_peer(Dice& dice, bool opens) {
  BoxPeerModel peer;
  if (dice.chance(0.5)) {
    peer.endpoint = any_endpoint_peer(dice, opens);
    return peer;
  }
  peer.kind = dice.chance(0.4) ? BoxPeerModel::Kind::kReference : BoxPeerModel::Kind::kAdversary;
  peer.reference = any_reference_peer(dice, opens);
  if (peer.kind == BoxPeerModel::Kind::kReference) return peer;
  peer.mischief = any_mischief(dice);
  if (dice.chance(0.15)) {  // a segment for each byte
    peer.reference.payload_max = 1;
    peer.reference.application.bytes = std::min<std::uint64_t>(peer.reference.application.bytes, 200);
  }
  return peer;
}

/// A window of a few bytes takes a probe for each: not too many of them.
void spare(BoxPeerModel& writer, const BoxPeerModel& reader) {
  if (reader.kind != BoxPeerModel::Kind::kAdversary || reader.mischief.window_max == 65535) return;
  const std::uint64_t most = std::uint64_t{40} * reader.mischief.window_max;
  writer.application().bytes = std::min(writer.application().bytes, most);
}

/// Much to send, where that is not too slow: buffers are to be filled.
void load(Dice& dice, BoxPeerModel& writer) {
  ApplicationModel& application = writer.application();
  const bool slow = application.pause > Duration::zero() || application.burst < 500;
  if (writer.kind != BoxPeerModel::Kind::kEndpoint || slow || !dice.chance(0.35)) return;
  application.bytes = dice.magnitude(50'000, 3'000'000);
}

void choose_applications(Dice& dice, BoxScenario& scenario) {
  load(dice, scenario.client);
  load(dice, scenario.server);
  scenario.hello = dice.chance(0.15) ? dice.between(1'500, 6'000) : dice.between(2, 600);
  spare(scenario.client, scenario.server);
  spare(scenario.server, scenario.client);
  ApplicationModel& client = scenario.client.application();
  ApplicationModel& server = scenario.server.application();
  const bool tiny = scenario.server.mischief.window_max < 65535 || scenario.client.reference.payload_max == 1;
  if (tiny) scenario.hello = std::min<std::uint64_t>(scenario.hello, 40);
  client.bytes += scenario.hello;
  // Both cannot wait for the other to finish, nor for the other's first word.
  server.answers = dice.chance(0.95);
  (dice.chance(0.5) ? client : server).finishes_last = dice.chance(0.3);
  if (dice.chance(0.05))
    (dice.chance(0.5) ? client : server).abort_after = dice.duration(milliseconds{1}, seconds{5});
}

Route any_route(Dice& dice) {
  const bool v6 = dice.chance(0.5);
  Route route{.from = *SocketAddress::parse(v6 ? "[2001:db8::1]:4000" : "10.0.0.1:4000"),
              .to = *SocketAddress::parse(v6 ? "[2001:db8::2]:443" : "10.0.0.2:443")};
  for (std::uint64_t tag = dice.between(0, 2); tag > 0; --tag) {
    route.vlans.push_back(static_cast<std::uint16_t>(10 + tag));
  }
  route.from_mac = 0xc;
  route.to_mac = 5;
  route.ttl = static_cast<std::uint8_t>(dice.between(32, 255));
  route.dscp = static_cast<std::uint8_t>(dice.between(0, 63));
  return route;
}

LinkModel any_box_link(Dice& dice, Duration delay, std::uint8_t bit, bool v6) {
  LinkModel link = any_link(dice, delay);
  link.damaged_bit = bit;
  if (dice.chance(0.3)) link.damage = static_cast<double>(dice.magnitude(1, 50)) / 1000;
  if (link.mtu > 0) link.mtu = std::max(link.mtu, v6 ? kMtuMinV6 : kMtuMinV4);
  return link;
}

void choose_links(Dice& dice, BoxScenario& scenario) {
  const bool v6 = scenario.route.from.ip.is_v6();
  const Duration client = dice.duration(microseconds{5}, milliseconds{80});
  const Duration server = dice.duration(microseconds{5}, milliseconds{80});
  scenario.client_to_box = any_box_link(dice, client, 0, v6);
  scenario.box_to_client = any_box_link(dice, client, 1, v6);
  scenario.server_to_box = any_box_link(dice, server, 2, v6);
  scenario.box_to_server = any_box_link(dice, server, 3, v6);
}

/// A cable, which may yet lose something.
LinkModel any_tool_link(Dice& dice) {
  LinkModel link{.delay = dice.duration(microseconds{1}, milliseconds{5})};
  if (dice.chance(0.5)) link.loss = static_cast<double>(dice.magnitude(1, 50)) / 1000;
  if (dice.chance(0.2)) link.duplicate = 0.02;
  if (dice.chance(0.2)) {
    link.reorder = 0.05;
    link.reorder_delay = 2 * link.delay + microseconds{100};
  }
  return link;
}

ToolModel any_tool(Dice& dice) {
  ToolModel tool;
  if (dice.chance(0.5)) tool.kind = ToolModel::Kind::kRelay;
  for (LinkModel& link : tool.links) link = any_tool_link(dice);
  if (dice.chance(0.1)) tool.dies_after = dice.duration(microseconds{100}, seconds{5});
  if (tool.kind == ToolModel::Kind::kBridge) {
    tool.delay = dice.duration(microseconds{1}, milliseconds{20});
    if (dice.chance(0.3)) {
      tool.holds_from = dice.duration(milliseconds{1}, seconds{1});
      tool.holds_for = dice.duration(milliseconds{10}, seconds{3});
    }
    return tool;
  }
  if (dice.chance(0.5)) tool.mask = static_cast<std::byte>(dice.between(1, 255));
  if (dice.chance(0.1)) tool.ends_after = dice.duration(microseconds{100}, seconds{3});
  if (dice.chance(0.1)) tool.resets_after = dice.duration(microseconds{100}, seconds{3});
  return tool;
}

BoxPolicy any_policy(Dice& dice) {
  const std::uint64_t said = dice.between(0, 19);
  if (said == 0) return BoxPolicy::kDropAtSyn;
  if (said == 1) return BoxPolicy::kForwardAtSyn;
  if (said == 2) return BoxPolicy::kReset;
  return said <= 4 ? BoxPolicy::kForward : BoxPolicy::kAdopt;
}

flow::FlowEngineSettings any_engine(Dice& dice, bool v6) {
  flow::FlowEngineSettings engine;
  engine.flows_max = 16;
  engine.mtu = {
      static_cast<std::uint16_t>(dice.chance(0.7) ? 1500 : dice.between(v6 ? kMtuMinV6 : 600, 9000))};
  engine.endpoint = any_settings(dice);
  engine.endpoint.quick_acks = 16;
  // A window that the impersonated side has promised beyond it could not be kept.
  const std::size_t buffer = dice.magnitude(65'536, 4U << 20U);
  engine.endpoint.receive_buffer_max = engine.endpoint.send_buffer_max = buffer;
  engine.endpoint.receive_buffer_initial = std::min(engine.endpoint.receive_buffer_initial, buffer);
  engine.endpoint.send_buffer_initial = std::min(engine.endpoint.send_buffer_initial, buffer);
  if (dice.chance(0.25)) engine.stream_chunks_max = static_cast<std::uint32_t>(dice.magnitude(6, 400));
  if (dice.chance(0.1)) engine.held_packets_flow_max = static_cast<std::uint32_t>(dice.between(2, 8));
  if (dice.chance(0.1)) engine.at_limit = flow::AtLimit::kReset;
  return engine;
}

BoxFaults any_faults(Dice& dice) {
  BoxFaults faults;
  if (dice.chance(0.3)) faults.no_packet = static_cast<double>(dice.magnitude(1, 200)) / 1000;
  if (dice.chance(0.1)) {
    faults.outage_at = dice.duration(milliseconds{1}, seconds{2});
    faults.outage_for = dice.duration(milliseconds{1}, milliseconds{500});
  }
  if (dice.chance(0.3)) faults.timer_jitter = dice.duration(microseconds{10}, milliseconds{10});
  if (dice.chance(0.15)) faults.lies = 0.03;
  return faults;
}

}  // namespace

BoxScenario BoxScenario::from_seed(std::uint64_t seed) {
  Dice dice(seed * 0x2545F4914F6CDD1DULL);
  BoxScenario scenario{.seed = seed};
  scenario.route = any_route(dice);
  scenario.client = any_peer(dice, true);
  scenario.server = any_peer(dice, false);
  choose_applications(dice, scenario);
  choose_links(dice, scenario);
  if (dice.chance(0.6)) scenario.tool = any_tool(dice);
  scenario.policy = any_policy(dice);
  scenario.client_on_server_port = dice.chance(0.5);
  scenario.engine = any_engine(dice, scenario.route.from.ip.is_v6());
  scenario.faults = any_faults(dice);
  scenario.engine.keep_passed = scenario.detours();
  if (scenario.detours()) {  // each frame leaves the box once
    for (LinkModel& link : scenario.tool->links) link.duplicate = 0;
  }
  scenario.heals_after = dice.duration(milliseconds{100}, seconds{20});
  scenario.bound = scenario.heals_after + seconds{900};
  scenario.bound_if_broken = seconds{9'000};
  return scenario;
}

std::string BoxPeerModel::describe() const {
  std::ostringstream out;
  const ApplicationModel& does = application();
  const char* const kinds[] = {"endpoint", "reference peer", "adversary"};
  out << kinds[static_cast<std::size_t>(kind)] << ", " << does.bytes << " bytes in bursts of " << does.burst;
  if (does.abort_after) out << ", aborts after " << *does.abort_after / milliseconds(1) << " ms";
  if (does.finishes_last) out << ", finishes last";
  if (kind != Kind::kEndpoint)
    out << ", segments of " << reference.payload_max << ", buffer " << reference.buffer;
  if (kind == Kind::kAdversary) out << ", " << mischief.describe();
  return out.str();
}

std::string BoxScenario::describe() const {
  std::ostringstream out;
  out << "client: " << client.describe() << "\nserver: " << server.describe() << "\n";
  out << "client to box: " << simulation::describe(client_to_box)
      << "\nbox to client: " << simulation::describe(box_to_client)
      << "\nserver to box: " << simulation::describe(server_to_box)
      << "\nbox to server: " << simulation::describe(box_to_server) << "\n";
  out << "tool: " << (tool ? tool->describe() : "none") << "\n";
  const char* const policies[] = {"adopt", "forward", "forward at SYN", "drop at SYN", "reset"};
  out << "policy: " << policies[static_cast<std::size_t>(policy)] << (detours() ? " through the tool" : "")
      << ", hello " << hello << ", MTU " << engine.mtu.front() << ", chunks " << engine.stream_chunks_max
      << ", buffers " << engine.endpoint.receive_buffer_max << ", held " << engine.held_packets_flow_max
      << "\n";
  out << "faults: no packet " << faults.no_packet << ", outage at " << faults.outage_at / milliseconds(1)
      << " ms for " << faults.outage_for / milliseconds(1) << " ms, jitter "
      << faults.timer_jitter / microseconds(1) << " us, lies " << faults.lies << ", heals after "
      << heals_after / milliseconds(1) << " ms\n";
  return out.str();
}

}  // namespace limpid::simulation
