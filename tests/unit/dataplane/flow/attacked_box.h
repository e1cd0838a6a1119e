// A FlowEngine under attack, in virtual time. Peers that keep to the rules are tcp::Endpoints behind clean
// wires; the attacker puts frames of any making in, at once, on either side, and gets whatever is for no
// peer. What the engine holds is measured all the time: an attack test claims a bound on it, a time by which
// it is gone, and that an innocent flow does not notice.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/flow/flow_key.h"
#include "tests/simulation/link.h"
#include "tests/support/relay_session.h"
#include "tests/unit/dataplane/flow/engine_harness.h"
#include "tests/unit/dataplane/flow/simulated_peers.h"

namespace limpid::flow {

/// Waits for a complete hello on the client leg, but not for long, and then relays: what a TLS session does.
class HelloSession final : public Session {
 public:
  static constexpr Duration kHelloMax = seconds(30);
  explicit HelloSession(Instant now) : deadline_(now + kHelloMax) {}

  void run(Legs legs, Instant now) override {
    if (!complete_) look_for_hello(legs, now);
    if (complete_) relay_.run(legs, now);
  }
  Instant deadline() const override { return complete_ ? relay_.deadline() : deadline_; }
  bool finished() const override { return relay_.finished(); }
  void abort(Legs legs, Reason why, Instant now) override { relay_.abort(legs, why, now); }

 private:
  void look_for_hello(Legs legs, Instant now) {
    std::string seen(std::min<std::size_t>(legs.client.readable(), 16'384), '\0');
    legs.client.copy_front({reinterpret_cast<std::byte*>(seen.data()), seen.size()});
    const bool broken = legs.client.failure() != Reason::none || legs.client.finished();
    complete_ = seen.find('\n') != std::string::npos;
    if (!complete_ && (broken || now >= deadline_)) {
      complete_ = true;
      relay_.abort(legs, Reason::client_hello_deadline, now);
    }
  }

  Instant deadline_;
  bool complete_ = false;
  RelaySession relay_;
};

/// Never has enough.
struct EagerMemo final : FlowMemo {
  bool on_server_bytes(Bytes /*bytes*/) override { return true; }
};

/// "HELLO…\n" begins what is intercepted; port 80 is passed. Keeps nothing but numbers.
class CountingUser final : public FlowUser {
 public:
  SynAdvice on_syn(const FlowFacts& facts, Instant /*now*/) override {
    ++opened;
    SynAdvice advice;
    if (facts.server.port != 80) return advice;
    advice.disposition = Disposition::kForward;
    if (memos) advice.memo = std::make_unique<EagerMemo>();
    return advice;
  }
  FirstBytesAdvice on_first_bytes(const FlowFacts& /*facts*/, Bytes bytes, Instant now) override {
    FirstBytesAdvice advice;
    judged = as_text(bytes);
    if (as_text(bytes).find('\n') == std::string_view::npos) return advice;
    advice.kind = FirstBytesAdvice::Kind::kAdopt;
    advice.session = std::make_unique<HelloSession>(now);
    return advice;
  }
  std::unique_ptr<Session> adopt_undecided(const FlowFacts& /*facts*/, Instant now) override {
    ++undecided;
    return std::make_unique<HelloSession>(now);
  }
  void on_closed(const FlowFacts& /*facts*/, const FlowSummary& summary, std::unique_ptr<Session> /*session*/,
                 std::unique_ptr<FlowMemo> /*memo*/, Instant /*now*/) override {
    ++closed;
    ended_by.count(summary.reason);
  }
  bool memos = false;  // of passed flows
  std::uint64_t opened = 0;
  std::uint64_t closed = 0;
  std::uint64_t undecided = 0;
  std::string judged;
  ReasonCounters ended_by;
};

/// The most that there was at any time.
struct Peak {
  std::size_t chunks = 0;  // of stream memory
  std::size_t held_packets = 0;
  std::size_t records = 0;
  std::size_t watched = 0;
  std::size_t adopted = 0;
};

class AttackedBox : public testing::Test, public PacketOutput {
 protected:
  static constexpr std::size_t kBuffer = std::size_t{128} * 1024;  // of one leg in one direction
  /// What one session may hold: both legs, both directions; windows are a quarter larger than buffers,
  /// records go 64 KB beyond the credit, and both ends of a stream lie in chunks that are not full.
  static constexpr std::size_t kSessionChunks = 2 * (kBuffer * 9 / 4 + 65'536) / tcp::kChunkSize + 8;

  AttackedBox() {
    settings.flows_max = 512;
    settings.watched_max = 256;
    settings.adopted_max = 64;
    settings.held_packets_max = 128;
    settings.client_watched_max = 32;
    settings.client_adopted_max = 16;
    settings.endpoint.receive_buffer_initial = kBuffer / 2;
    settings.endpoint.send_buffer_initial = kBuffer / 2;
    settings.endpoint.receive_buffer_max = settings.endpoint.send_buffer_max = kBuffer;
  }

  // --- the box ---
  FlowEngine& engine() {
    if (!engine_) engine_ = std::make_unique<FlowEngine>(settings, user, *this, pool, dice, now);
    return *engine_;
  }
  const FlowCounters& counters() { return engine().counters(); }
  std::uint64_t counted(Reason reason) { return counters().reasons[reason]; }

  void send(std::uint16_t /*segment*/, Side to, wire::Packet packet) override {
    Frame frame(packet.bytes().begin(), packet.bytes().end());
    const auto view = wire::parse(frame);
    for (Place& place : places_) {
      if (!view || key_of(*view, 0).key != place.key || to != place.side) continue;
      if (&place == &places_.front()) last_to_innocent = {0, to, frame};
      place.to_it.send(std::move(frame), now);
      return;
    }
    ++to_attacker;
    inbox.push_back({0, to, std::move(frame)});
  }

  // --- whoever keeps to the rules ---
  SimulatedPeer& add_peer(PeerModel model, Side side) {
    const frames::Tcp prototype{.source = model.own, .destination = model.other};
    const FlowKey key = key_of(*wire::parse(frames::tcp(prototype)), 0).key;
    const simulation::LinkModel clean{.delay = milliseconds(1)};
    places_.push_back({key,
                       side,
                       std::make_unique<SimulatedPeer>(std::move(model), now),
                       {clean, 1, now},
                       {clean, 1, now}});
    return *places_.back().peer;
  }
  PeerModel model(std::string own, std::string other, std::string writes) const {
    return {.own = std::move(own),
            .other = std::move(other),
            .greeting = usual_greeting(77'000),
            .writes = std::move(writes),
            .first_write = 0,
            .pause = {}};
  }
  std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    dice.fill({reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
    return bytes;
  }
  struct Pair {
    SimulatedPeer* client = nullptr;
    SimulatedPeer* server = nullptr;
  };
  /// A client and its server, who exchange 60 KB each way: some at once, the rest after `pause`.
  Pair add_innocents(const std::string& from, Duration pause, const std::string& to = "10.0.0.2:443") {
    PeerModel client = model(from, to, "HELLO\n" + noise(60'000));
    client.greeting.opens = true;
    client.greeting.leg = tcp::Leg::kServer;
    client.first_write = 20'000;
    client.pause = pause;
    Pair pair;
    pair.client = &add_peer(std::move(client), Side::kClient);
    pair.server = &add_peer(model(to, from, noise(60'000)), Side::kServer);
    return pair;
  }
  /// The flow that is there before the attack, and goes on after it.
  void begin_innocent_flow(Duration attack) {
    innocent_ = add_innocents(kInnocent, attack);
    run(milliseconds(200));
    ASSERT_EQ(counters().now_adopted, 1U);
    to_attacker = 0;
    peak = {};
  }
  static void expect_whole(const Pair& pair) {
    EXPECT_TRUE(pair.client->received() == pair.server->writes()) << pair.client->received().size();
    EXPECT_TRUE(pair.server->received() == pair.client->writes()) << pair.server->received().size();
    EXPECT_TRUE(pair.client->saw_end() && pair.server->saw_end());
    EXPECT_EQ(pair.client->failure(), Reason::none);
    EXPECT_EQ(pair.server->failure(), Reason::none);
  }
  /// Called when the attack's time is over.
  void expect_innocents_undisturbed() {
    run(seconds(5));
    expect_whole(innocent_);
  }
  /// Everything is gone, after `more`, and without anybody's help.
  void expect_nothing_is_left(Duration more) {
    run(more);
    EXPECT_EQ(counters().now_watched + counters().now_adopted + counters().now_held_packets, 0U);
    EXPECT_EQ(engine().stream_memory().used(), 0U);
    EXPECT_EQ(counters().now_clients, 0U);
    EXPECT_EQ(pool.used(), 0U);
  }

  // --- whoever does not ---
  void inject(const frames::Tcp& tcp, Side side) {
    ++injected;
    engine().on_packet(pool.packet(frames::tcp(tcp)), {.segment = 0, .side = side}, now);
    measure();
  }
  /// The end of a burst.
  void flush() {
    engine().flush(now);
    measure();
  }
  std::uint32_t any_number() { return static_cast<std::uint32_t>(dice.next()); }
  std::string any_address() {
    const std::uint32_t number = any_number();
    return "172." + std::to_string(16 + number % 16) + "." + std::to_string(number >> 8U & 255U) + "." +
           std::to_string(number >> 16U & 255U) + ":" + std::to_string(1024 + (number >> 4U) % 60'000);
  }
  std::vector<Sent> take_inbox() { return std::exchange(inbox, {}); }

  /// One end of the attacker's, at the client side, that speaks TCP by hand.
  struct Hand {
    std::string own;
    std::string other;
    std::uint32_t next = 500;        // what it sends next
    std::uint32_t acknowledged = 0;  // of what it got
    std::uint16_t window = 0xffff;   // in units of 128 bytes
  };
  frames::Tcp by(const Hand& hand, unsigned flags, std::string payload = {}, std::string options = {}) const {
    return {.source = hand.own,
            .destination = hand.other,
            .seq = hand.next,
            .ack = (flags & tcp::kAck) != 0 ? hand.acknowledged : 0,
            .flags = flags,
            .window = hand.window,
            .options = std::move(options),
            .payload = std::move(payload)};
  }
  void say(Hand& hand, std::string payload) {
    const auto size = static_cast<std::uint32_t>(payload.size());
    inject(by(hand, tcp::kAck | tcp::kPsh, std::move(payload)), Side::kClient);
    flush();
    hand.next += size;
  }
  static std::string option_bytes(std::initializer_list<unsigned> bytes) {
    std::string made;
    for (const unsigned byte : bytes) made += static_cast<char>(byte);
    return made;
  }
  /// MSS, SACK-permitted, window scale 7.
  static std::string syn_options(unsigned mss) {
    return option_bytes({2, 4, mss >> 8U, mss & 255U, 1, 1, 4, 2, 1, 3, 3, 7});
  }
  static std::string sack_option(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& blocks) {
    Frame bytes;
    frames::put(bytes, 0x01010500U + 2 + 8 * blocks.size(), 4);
    for (const auto& [left, right] : blocks) frames::put(bytes, std::uint64_t{left} << 32U | right, 8);
    return std::string(as_text(bytes));
  }
  /// Shakes hands with the peer at `other`, whose place is on the server side.
  Hand connect_by_hand(const std::string& own, const std::string& other, unsigned mss = 1460) {
    Hand hand{.own = own, .other = other};
    inject(by(hand, tcp::kSyn, {}, syn_options(mss)), Side::kClient);
    run(milliseconds(5));
    for (const Sent& sent : take_inbox()) {
      if ((sent.view().flags & tcp::kSyn) != 0) hand.acknowledged = sent.view().seq + 1;
    }
    ++hand.next;
    inject(by(hand, tcp::kAck), Side::kClient);
    flush();
    return hand;
  }
  /// The same, and a hello that is intercepted. The server writes `answer` to it.
  Hand begin_session_by_hand(const std::string& own, std::string answer, unsigned mss = 1460) {
    const std::string other = "10.0.7.7:" + std::to_string(443 + places_.size());
    add_peer(model(other, own, std::move(answer)), Side::kServer);
    Hand hand = connect_by_hand(own, other, mss);
    say(hand, "HELLO\n");
    return hand;
  }

  // --- time ---
  void run(Duration time) {
    const Instant until = now + time;
    while (now < until) {
      now = std::min(until, std::max(now + std::chrono::microseconds(1), next_event()));
      step();
    }
  }

  FlowEngineSettings settings;
  CountingUser user;
  wire::MemoryPacketPool pool;
  SeededRandom dice{4711};
  Instant now{seconds(1000)};
  Peak peak;
  std::uint64_t injected = 0;
  std::uint64_t to_attacker = 0;  // frames that left for nobody's peer
  std::vector<Sent> inbox;
  Sent last_to_innocent;  // what the first peer that was added has got last
  static constexpr const char* kInnocent = "10.0.0.1:4000";

 private:
  struct Place {
    FlowKey key;
    Side side;
    std::unique_ptr<SimulatedPeer> peer;
    simulation::LinkOf<Frame> to_it;
    simulation::LinkOf<Frame> from_it;
  };

  Instant next_event() {
    Instant next = engine().next_deadline();
    for (const Place& place : places_) {
      next =
          std::min({next, place.peer->deadline(), place.to_it.next_arrival(), place.from_it.next_arrival()});
    }
    return next;
  }
  void step() {
    engine().run_timers(now);
    for (Place& place : places_) {
      while (const auto frame = place.from_it.arrived(now)) {
        engine().on_packet(pool.packet(*frame), {.segment = 0, .side = place.side}, now);
      }
    }
    flush();
    for (Place& place : places_) {
      while (const auto frame = place.to_it.arrived(now)) place.peer->receive(*frame, now);
      for (Frame& frame : place.peer->run(now)) place.from_it.send(std::move(frame), now);
    }
  }
  void measure() {
    const FlowCounters& now_counted = counters();
    const std::size_t records = std::size_t{now_counted.now_watched} + now_counted.now_forwarded +
                                now_counted.now_adopted + now_counted.now_tombstones;
    peak.chunks = std::max(peak.chunks, engine().stream_memory().used());
    peak.held_packets = std::max<std::size_t>(peak.held_packets, now_counted.now_held_packets);
    peak.records = std::max(peak.records, records);
    peak.watched = std::max<std::size_t>(peak.watched, now_counted.now_watched);
    peak.adopted = std::max<std::size_t>(peak.adopted, now_counted.now_adopted);
  }

  std::deque<Place> places_;
  Pair innocent_;
  std::unique_ptr<FlowEngine> engine_;
};

}  // namespace limpid::flow
