// The server leg of an adopted flow is broken off and opened anew: what the server sees, and that the client
// sees nothing of it.
#include <gtest/gtest.h>

#include "tests/unit/dataplane/flow/engine_harness.h"

namespace limpid::flow {
namespace {

/// Asks for it in its first run, and relays once the server has answered.
class RedialSession final : public Session {
 public:
  void attach(SessionHost& host) override { host_ = &host; }
  void run(Legs legs, Instant now) override {
    if (host_->redialled() == SessionHost::Redial::kNone) return host_->redial();
    how = host_->redialled();
    if (how == SessionHost::Redial::kRefused) return abort(legs, Reason::redial_refused, now);
    if (legs.client.failure() != Reason::none) return abort(legs, legs.client.failure(), now);
    if (how == SessionHost::Redial::kOpen) relay_.run(legs, now);
  }
  Instant deadline() const override { return kNever; }
  bool finished() const override { return over_ || relay_.finished(); }
  void abort(Legs legs, Reason /*why*/, Instant /*now*/) override {
    legs.client.abort();
    legs.server.abort();
    over_ = true;
  }

  SessionHost::Redial how = SessionHost::Redial::kNone;

 private:
  SessionHost* host_ = nullptr;
  RelaySession relay_;
  bool over_ = false;
};

struct Redial : EngineTest {
  static constexpr std::uint32_t kSecondIsn = 77'000;

  Redial() {
    user.make_session = [] { return std::make_unique<RedialSession>(); };
  }
  /// The SYN of the second connection.
  Sent redial() {
    adopt();
    const std::vector<Sent> sent = to_server();
    EXPECT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent.front().view().flags & tcp::kRst, tcp::kRst);
    return sent.back();
  }
  frames::Tcp answer_to(const Sent& syn) const {
    frames::Tcp answer = syn_ack();
    answer.seq = kSecondIsn;
    answer.ack = syn.view().seq + 1;
    return answer;
  }
  frames::Tcp says(std::uint32_t offset, const Sent& syn, std::uint32_t heard, std::string text) const {
    frames::Tcp tcp = from_server(1, tcp::kAck | tcp::kPsh, std::move(text));
    tcp.seq = kSecondIsn + offset;
    tcp.ack = syn.view().seq + 1 + heard;
    return tcp;
  }
};

TEST_F(Redial, ResetsTheServerAndOpensAHigherConnectionInTheClientsName) {
  const Sent syn = redial();
  const wire::PacketView view = syn.view();
  EXPECT_EQ(view.flags, tcp::kSyn);
  EXPECT_GT(static_cast<std::int32_t>(view.seq - (kClientIsn + 1)), 1 << 19);
  EXPECT_TRUE(wire::checksums_valid(view));
  const Frame original = frames::tcp(from_client(1, tcp::kAck));
  EXPECT_TRUE(std::equal(original.begin(), original.begin() + 12, syn.frame.begin())) << "MACs";
  const wire::TcpOptions options = syn.options();
  EXPECT_EQ(options.mss, 1460);
  EXPECT_EQ(options.window_scale, 7);
  EXPECT_TRUE(options.sack_permitted);
  EXPECT_GT(options.timestamps->value, 101U) << "the client's clock goes on";
}

TEST_F(Redial, TheClientsBytesReachTheSecondConnectionUntouched) {
  const Sent syn = redial();
  to_client();
  now += milliseconds(10);
  server_sends(answer_to(syn));
  engine().flush(now);
  std::string text;
  for (const Sent& one : to_server()) {
    EXPECT_EQ(one.view().ack, kSecondIsn + 1);
    text += one.payload();
  }
  EXPECT_EQ(text, "HELLO\n");
  EXPECT_TRUE(to_client().empty()) << "the client sees nothing of it";

  server_sends(says(1, syn, 6, "welcome"));
  engine().flush(now);
  const std::vector<Sent> client_gets = to_client();
  ASSERT_EQ(client_gets.size(), 1U);
  EXPECT_EQ(client_gets[0].payload(), "welcome");
  EXPECT_EQ(client_gets[0].view().seq, kServerIsn + 1) << "in the numbers that the client knows";
}

TEST_F(Redial, TheSynComesAgainUntilItIsAnswered) {
  const Sent syn = redial();
  advance(seconds(1));
  const std::vector<Sent> again = to_server();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].view().seq, syn.view().seq);
  EXPECT_EQ(again[0].view().flags, tcp::kSyn);
}

TEST_F(Redial, ASegmentOfTheFormerConnectionDoesNotEndTheSecond) {
  const Sent syn = redial();
  frames::Tcp late = from_server(1, tcp::kAck | tcp::kPsh, "ticket");
  late.ack = kClientIsn + 7;
  server_sends(late);
  engine().flush(now);
  to_server();
  server_sends(answer_to(syn));
  engine().flush(now);
  std::string text;
  for (const Sent& one : to_server()) text += one.payload();
  EXPECT_EQ(text, "HELLO\n");
  for (const Sent& one : to_client()) EXPECT_TRUE(one.payload().empty());
}

TEST_F(Redial, ARefusalReachesTheSessionWhichResetsTheClient) {
  const Sent syn = redial();
  to_client();
  frames::Tcp refusal = from_server(0, tcp::kRst | tcp::kAck);
  refusal.seq = 0;
  refusal.ack = syn.view().seq + 1;
  server_sends(refusal);
  engine().flush(now);
  const std::vector<Sent> client_gets = to_client();
  ASSERT_EQ(client_gets.size(), 1U);
  EXPECT_NE(client_gets[0].view().flags & tcp::kRst, 0);
  EXPECT_EQ(engine().counters().now_adopted, 0U);
}

TEST_F(Redial, AClientThatGoesAwayTakesTheSynBack) {
  const Sent syn = redial();
  client_sends(from_client(7, tcp::kRst));
  engine().flush(now);
  const std::vector<Sent> server_gets = to_server();
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_NE(server_gets[0].view().flags & tcp::kRst, 0);
  EXPECT_EQ(server_gets[0].view().seq, syn.view().seq + 1);
  EXPECT_EQ(engine().counters().now_adopted, 0U);
}

TEST_F(Redial, TheSynWaitsForTheResetThatFoundNoBuffer) {
  connect();
  client_sends(from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n"));
  pool.limit(0);
  engine().flush(now);
  pool.limit(1'000);
  engine().flush(now);
  advance(milliseconds(2));
  std::vector<Sent> sent = to_server();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_NE(sent[0].view().flags & tcp::kRst, 0);
  EXPECT_EQ(sent[1].view().flags, tcp::kSyn);
}

}  // namespace
}  // namespace limpid::flow
