// A FlowEngine between two scripted peers: frames go in by hand, and what leaves it is kept in order.
// The user takes "HELLO…\n" for a handshake, "DENY…" for something refused, and all else for plain text.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/flow/flow_engine.h"
#include "dataplane/tcp/segment.h"
#include "dataplane/wire/packet_view.h"
#include "dataplane/wire/tcp_options.h"
#include "tests/support/frames.h"
#include "tests/support/memory_packets.h"
#include "tests/support/relay_session.h"

namespace limpid::flow {

using frames::Frame;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Sent {
  std::uint16_t segment = 0;
  Side to = Side::kClient;
  Frame frame;

  wire::PacketView view() const {
    const auto parsed = wire::parse(frame);
    EXPECT_TRUE(parsed.ok());
    return parsed.ok() ? *parsed : wire::PacketView{};
  }
  std::string payload() const { return std::string(as_text(view().payload())); }
  wire::TcpOptions options() const { return wire::parse_tcp_options(view().option_bytes()).value(); }
};

struct KeptOutput final : PacketOutput {
  void send(std::uint16_t segment, Side to, wire::Packet packet) override {
    sent.push_back({segment, to, Frame(packet.bytes().begin(), packet.bytes().end())});
  }
  std::deque<Sent> sent;
};

struct Closed {
  FlowFacts facts;
  FlowSummary summary;
  bool had_session = false;
  bool had_memo = false;
};

struct ScriptedMemo final : FlowMemo {
  explicit ScriptedMemo(std::string& into, std::size_t enough) : seen(into), bytes_max(enough) {}
  bool on_server_bytes(Bytes bytes) override {
    seen += as_text(bytes);
    return seen.size() < bytes_max;
  }
  std::string& seen;
  std::size_t bytes_max;
};

/// Lines in the clear. "UPGRADE" asks, and "YES" agrees; "NOW" upgrades by itself and belongs to the first
/// bytes; "QUIT" ends it; "EVIL" is what nobody may say.
struct ScriptedDialogue final : Dialogue {
  ScriptedDialogue(FlowUser& judge, std::string& into) : user(judge), told(into) {}
  Finding on_bytes(bool from_client, Bytes bytes) override {
    const std::string_view text = as_text(bytes);
    told += (from_client ? "c:" : "s:") + std::string(text) + ";";
    if (text.find("EVIL") != std::string_view::npos)
      return {Finding::Kind::kViolation, Reason::upgrade_pipelined};
    if (text.find("QUIT") != std::string_view::npos) return {Finding::Kind::kNever, Reason::upgrade_not_made};
    asked = asked || (from_client && text.find("UPGRADE\n") != std::string_view::npos);
    const bool agreed = !from_client && asked && text.find("YES\n") != std::string_view::npos;
    own = from_client && text.find("NOW\n") != std::string_view::npos ? text.find("NOW\n") + 4 : 0;
    return {agreed || own != 0 ? Finding::Kind::kUpgraded : Finding::Kind::kMore, Reason::none};
  }
  FirstBytesAdvice on_first_bytes(const FlowFacts& facts, Bytes bytes, Instant now) override {
    if (bytes.size() <= own) return {};
    return user.on_first_bytes(facts, bytes.subspan(own), now);
  }
  std::unique_ptr<Session> adopt_undecided(const FlowFacts& facts, Instant now) override {
    return user.adopt_undecided(facts, now);
  }
  GivenUp given_up(const FlowFacts& /*facts*/, Bytes first_bytes, bool may_refuse) override {
    if (heard != nullptr) heard->emplace_back(as_text(first_bytes));
    return {make_memo ? make_memo() : std::make_unique<ScriptedMemo>(told, 0),
            may_refuse ? refused : Reason::none};
  }
  FlowUser& user;
  std::string& told;
  std::vector<std::string>* heard = nullptr;             // may be null
  Reason refused = Reason::none;                         // where it is given up
  std::function<std::unique_ptr<FlowMemo>()> make_memo;  // empty: as above
  bool asked = false;
  std::size_t own = 0;
};

struct ScriptedUser final : FlowUser {
  SynAdvice on_syn(const FlowFacts& facts, Instant /*now*/) override {
    syns.push_back(facts);
    std::unique_ptr<FlowMemo> memo;
    if (memo_on_syn) memo = std::make_unique<ScriptedMemo>(server_bytes, memo_bytes);
    if (make_memo && on_syn_says == Disposition::kForward) memo = make_memo();
    return {.disposition = on_syn_says,
            .reason = on_syn_reason,
            .memo = std::move(memo),
            .intercept = intercept,
            .dialogue = dialogue_on_syn ? make_dialogue() : nullptr};
  }
  std::unique_ptr<ScriptedDialogue> make_dialogue() {
    auto made = std::make_unique<ScriptedDialogue>(*this, dialogue);
    made->make_memo = make_memo;
    made->heard = &given_up;
    made->refused = given_up_refused;
    return made;
  }
  FirstBytesAdvice on_first_bytes(const FlowFacts& /*facts*/, Bytes bytes, Instant /*now*/) override {
    first_bytes.emplace_back(as_text(bytes));
    const std::string& text = first_bytes.back();
    FirstBytesAdvice advice;
    if (text.starts_with("DENY")) {
      advice = {.kind = FirstBytesAdvice::Kind::kReset,
                .reason = Reason::blocked_by_rule,
                .memo = nullptr,
                .session = nullptr};
    } else if (text.starts_with("CONNECT")) {
      advice.kind = FirstBytesAdvice::Kind::kDialogue;
      advice.dialogue = make_dialogue();
    } else if (std::string_view("HELLO").substr(0, text.size()) != text.substr(0, 5)) {
      advice = {.kind = FirstBytesAdvice::Kind::kForward,
                .reason = Reason::not_tls,
                .memo = std::make_unique<ScriptedMemo>(server_bytes, memo_bytes),
                .session = nullptr};
    } else if (text.find('\n') != std::string::npos) {
      advice = {.kind = pass_hello ? FirstBytesAdvice::Kind::kForward : FirstBytesAdvice::Kind::kAdopt,
                .reason = Reason::none,
                .memo = nullptr,
                .session = pass_hello ? nullptr : make_session()};
    }
    if (make_memo && advice.kind == FirstBytesAdvice::Kind::kForward) advice.memo = make_memo();
    return advice;
  }
  std::unique_ptr<Session> adopt_undecided(const FlowFacts& /*facts*/, Instant /*now*/) override {
    ++undecided;
    return std::make_unique<RelaySession>();
  }
  GivenUp on_given_up(const FlowFacts& /*facts*/, Bytes bytes, bool may_refuse, Instant /*now*/) override {
    given_up.emplace_back(as_text(bytes));
    return {make_memo ? make_memo() : nullptr, may_refuse ? given_up_refused : Reason::none};
  }
  void on_closed(const FlowFacts& facts, const FlowSummary& summary, std::unique_ptr<Session> session,
                 std::unique_ptr<FlowMemo> memo, Instant /*now*/) override {
    closed.push_back({facts, summary, session != nullptr, memo != nullptr});
  }

  Disposition on_syn_says = Disposition::kWatch;
  Reason given_up_refused = Reason::none;  // none: forwarded
  Reason on_syn_reason = Reason::none;
  bool memo_on_syn = false;
  bool dialogue_on_syn = false;
  std::string dialogue;  // what it was told
  std::size_t memo_bytes = 1000;
  bool pass_hello = false;
  bool intercept = true;
  std::function<std::unique_ptr<FlowMemo>()> make_memo;  // of every flow that is forwarded; empty: as above
  std::function<std::unique_ptr<Session>()> make_session = [] { return std::make_unique<RelaySession>(); };
  std::vector<std::string> given_up;  // their clients' first bytes
  std::vector<FlowFacts> syns;
  std::vector<std::string> first_bytes;
  std::vector<Closed> closed;
  std::string server_bytes;
  int undecided = 0;
};

/// Options of an ordinary SYN: MSS 1460, SACK-permitted, timestamps, window scale 7.
inline std::string syn_options(std::uint32_t ts_value, std::uint32_t ts_echo) {
  Frame bytes;
  frames::put(bytes, 0x020405b40402080aU, 8);
  frames::put(bytes, ts_value, 4);
  frames::put(bytes, ts_echo, 4);
  frames::put(bytes, 0x01030307U, 4);
  return std::string(as_text(bytes));
}
inline std::string timestamps(std::uint32_t value, std::uint32_t echo) {
  Frame bytes;
  frames::put(bytes, 0x0101080aU, 4);
  frames::put(bytes, value, 4);
  frames::put(bytes, echo, 4);
  return std::string(as_text(bytes));
}

/// Every flow but tombstones, in one slice.
inline void visit_all(const FlowEngine& engine, const std::function<void(const FlowView&)>& visit) {
  engine.visit_flows(0, FlowEngine::kAllVisited, [&visit](const FlowView& view) {
    visit(view);
    return true;
  });
}

class EngineTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kClientIsn = 1000;
  static constexpr std::uint32_t kServerIsn = 0xfffffff0;  // wraps early

  EngineTest() { settings.flows_max = 64; }

  FlowEngine& engine() {
    if (!engine_) engine_ = std::make_unique<FlowEngine>(settings, user, output, pool, random, now);
    return *engine_;
  }
  void restart() { engine_.reset(); }

  /// A segment of the client, sequence numbers counted from its ISN, acknowledgements from the server's.
  frames::Tcp from_client(std::uint32_t seq, unsigned flags, std::string payload = {}) const {
    return {.source = client,
            .destination = server,
            .vlans = vlans,
            .seq = kClientIsn + seq,
            .ack = (flags & tcp::kAck) != 0 ? kServerIsn + 1 : 0,
            .flags = flags,
            .window = 501,
            .options = with_timestamps ? timestamps(100 + seq, 500) : "",
            .payload = std::move(payload),
            .source_mac = 0xc,
            .destination_mac = 0x5};
  }
  frames::Tcp from_server(std::uint32_t seq, unsigned flags, std::string payload = {}) const {
    return {.source = server,
            .destination = client,
            .vlans = vlans,
            .seq = kServerIsn + seq,
            .ack = kClientIsn + 1,
            .flags = flags,
            .window = 502,
            .options = with_timestamps ? timestamps(500 + seq, 100) : "",
            .payload = std::move(payload),
            .ttl = 55,
            .source_mac = 0x5,
            .destination_mac = 0xc};
  }
  frames::Tcp syn() const {
    frames::Tcp tcp = from_client(0, tcp::kSyn);
    tcp.options = syn_options(100, 0);
    return tcp;
  }
  frames::Tcp syn_ack() const {
    frames::Tcp tcp = from_server(0, tcp::kSyn | tcp::kAck);
    tcp.options = syn_options(500, 100);
    return tcp;
  }

  void arrive(const Frame& frame, Side side, std::uint16_t segment = 0) {
    engine().on_packet(pool.packet(frame), {.segment = segment, .side = side}, now);
  }
  void client_sends(const frames::Tcp& tcp) { arrive(frames::tcp(tcp), client_side); }
  void server_sends(const frames::Tcp& tcp) { arrive(frames::tcp(tcp), opposite(client_side)); }
  void connect() {
    client_sends(syn());
    now += milliseconds(10);
    server_sends(syn_ack());
    now += milliseconds(3);
    client_sends(from_client(1, tcp::kAck));
    output.sent.clear();
  }
  void advance(Duration by) {
    const Instant until = now + by;
    while (now < until) {
      now = std::min(until, std::max(engine().next_deadline(), now + milliseconds(1)));
      engine().run_timers(now);
      engine().flush(now);
    }
  }

  /// The claim of every forwarded frame: it left as it came, over the other port, and nothing else did.
  void expect_forwarded(const frames::Tcp& tcp, Side side) {
    output.sent.clear();
    const Frame frame = frames::tcp(tcp);
    arrive(frame, side);
    ASSERT_EQ(output.sent.size(), 1U);
    EXPECT_EQ(output.sent[0].frame, frame);
    EXPECT_EQ(output.sent[0].to, opposite(side));
  }
  void expect_forwarded_from_client(const frames::Tcp& tcp) { expect_forwarded(tcp, client_side); }
  void expect_forwarded_from_server(const frames::Tcp& tcp) { expect_forwarded(tcp, opposite(client_side)); }

  std::vector<Sent> take_sent(Side to) {
    std::vector<Sent> taken;
    for (Sent& one : output.sent) {
      if (one.to == to) taken.push_back(one);
    }
    std::erase_if(output.sent, [to](const Sent& one) { return one.to == to; });
    return taken;
  }
  std::vector<Sent> to_client() { return take_sent(client_side); }
  std::vector<Sent> to_server() { return take_sent(opposite(client_side)); }
  /// Connects, and has "HELLO\n" adopted; the hello's relayed copy and its acknowledgement are taken away.
  void adopt() {
    connect();
    client_sends(from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n"));
    engine().flush(now);
    ASSERT_EQ(engine().counters().now_adopted, 1U);
  }

  std::string client = "10.0.0.1:40000";
  std::string server = "10.0.0.2:443";
  std::vector<std::uint16_t> vlans;
  bool with_timestamps = true;
  Side client_side = Side::kClient;
  FlowEngineSettings settings;
  ScriptedUser user;
  KeptOutput output;
  wire::MemoryPacketPool pool;
  SeededRandom random{7};
  Instant now{seconds(1000)};

 private:
  std::unique_ptr<FlowEngine> engine_;
};

}  // namespace limpid::flow
