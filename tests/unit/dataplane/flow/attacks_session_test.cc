// Attacks on intercepted sessions, from outside and by their own ends. Each test names the attack and claims:
// the memory it can take, the time after which that is gone, the work it can cause, and that an innocent flow
// goes on. docs/threat-model.md has the table.
#include "tests/unit/dataplane/flow/attacked_box.h"

namespace limpid::flow {
namespace {

struct SessionAttack : AttackedBox {
  static constexpr const char* kAttacker = "10.66.0.1:1";

  /// How the box takes a segment in the innocent client's name: as it stands, but for what the test changes.
  frames::Tcp in_innocents_name(unsigned flags, std::string payload = {}) {
    const wire::PacketView view = last_to_innocent.view();
    const std::uint32_t next = view.seq + static_cast<std::uint32_t>(view.payload_size());
    return {.source = kInnocent,
            .seq = view.ack,
            .ack = next,
            .flags = flags,
            .window = 500,
            .payload = std::move(payload)};
  }
  /// Acknowledges what has come in order, and says how many frames that were.
  std::size_t take_answer(Hand& hand) {
    const std::vector<Sent> got = take_inbox();
    for (const Sent& sent : got) {
      const wire::PacketView view = sent.view();
      if (view.seq == hand.acknowledged) hand.acknowledged += static_cast<std::uint32_t>(view.payload_size());
    }
    return got.size();
  }
};

// --- from off the path ---

TEST_F(SessionAttack, AckRstAndFinFloodsWithGuessedNumbersAreAnsweredByAFewChallenges) {
  begin_innocent_flow(seconds(2));
  run(milliseconds(500));
  const std::uint64_t composed = counters().packets_composed;
  constexpr std::array<unsigned, 4> kFlags{tcp::kAck, tcp::kRst, tcp::kSyn, tcp::kRst | tcp::kAck};
  for (std::size_t i = 0; i < 20'000; ++i) {
    frames::Tcp tcp = in_innocents_name(kFlags[i % 4]);
    tcp.seq = any_number();
    tcp.ack = any_number();
    inject(tcp, Side::kClient);
    if (i % 20 == 0) run(milliseconds(1));
  }
  EXPECT_LE(counters().packets_composed - composed, 3U) << "half a second lies between challenges";
  EXPECT_EQ(counters().now_adopted, 1U);
  run(seconds(1));
  expect_innocents_undisturbed();
}

TEST_F(SessionAttack, AFinFloodWithGuessedNumbersCausesNoMoreThanItsOwnWork) {
  begin_innocent_flow(seconds(2));
  run(milliseconds(500));
  const std::uint64_t composed = counters().packets_composed;
  for (std::size_t i = 0; i < 10'000; ++i) {
    frames::Tcp tcp = in_innocents_name(tcp::kAck | tcp::kFin);
    tcp.seq += 0x100000 + any_number() % 0xffe00000U;
    inject(tcp, Side::kClient);
    if (i % 20 == 0) run(milliseconds(1));
  }
  EXPECT_LE(counters().packets_composed - composed, 10'000U / 20 + 1) << "one answer to a burst";
  EXPECT_LE(peak.chunks, kSessionChunks);
  run(seconds(1));
  expect_innocents_undisturbed();
}

TEST_F(SessionAttack, BytesInjectedIntoTheWindowWithAGuessedAcknowledgementAreNotTaken) {
  begin_innocent_flow(seconds(2));
  run(milliseconds(500));
  const std::uint64_t composed = counters().packets_composed;
  for (int i = 0; i < 10'000; ++i) {
    frames::Tcp tcp = in_innocents_name(tcp::kAck | tcp::kPsh, "injected");
    tcp.seq += static_cast<std::uint32_t>(i % 60'000);
    tcp.ack += 0x200000 + any_number() % 0xffc00000U;  // anywhere but where RFC 5961 §5 would take it
    tcp.options = timestamps(0x70000000U + static_cast<std::uint32_t>(i), 0);
    inject(tcp, Side::kClient);
    if (i % 20 == 0) run(milliseconds(1));
  }
  EXPECT_EQ(peak.chunks, 0U);
  EXPECT_LE(counters().packets_composed - composed, 3U);
  run(seconds(1));
  expect_innocents_undisturbed();  // nor has its clock been set to one that makes it look old
}

TEST_F(SessionAttack, ResetsWithinTheWindowButNotExactDoNotEndASession) {
  begin_innocent_flow(seconds(2));
  run(milliseconds(500));
  for (std::uint32_t i = 1; i <= 5'000; ++i) {
    frames::Tcp tcp = in_innocents_name(tcp::kRst);
    tcp.seq += i;
    inject(tcp, Side::kClient);
    if (i % 20 == 0) run(milliseconds(1));
  }
  EXPECT_EQ(counters().now_adopted, 1U);
  run(seconds(2));
  expect_innocents_undisturbed();
}

// --- by a receiver that lies ---

TEST_F(SessionAttack, OptimisticAcksOfWhatWasNeverSentMoveNothing) {
  begin_innocent_flow(seconds(3));
  Hand liar = begin_session_by_hand(kAttacker, noise(2'000'000));
  run(milliseconds(50));
  const std::size_t first = take_inbox().size();
  EXPECT_LE(first, 16U) << "an initial window, and the acknowledgement of the hello";
  liar.acknowledged += 60'000;
  for (int i = 0; i < 1000; ++i) {
    liar.acknowledged += 1460;
    inject(by(liar, tcp::kAck), Side::kClient);
    flush();
  }
  EXPECT_LE(take_inbox().size(), 1U) << "a challenge";
  EXPECT_LE(peak.chunks, 2 * kSessionChunks);
  run(seconds(3));
  expect_innocents_undisturbed();
  expect_nothing_is_left(minutes(5));
}

TEST_F(SessionAttack, OptimisticAcksOfWhatIsOnItsWayGetNoMoreThanTheServerSends) {
  begin_innocent_flow(seconds(3));
  constexpr std::size_t kAnswer = 2'000'000;
  Hand liar = begin_session_by_hand(kAttacker, noise(kAnswer));
  std::size_t frames = 0;
  for (int i = 0; i < 3000; ++i) {
    frames += take_answer(liar);  // it has not come far: acknowledged as soon as it leaves the box
    inject(by(liar, tcp::kAck), Side::kClient);
    flush();
    run(milliseconds(1));
  }
  EXPECT_LE(frames, kAnswer / 1000 + injected);
  EXPECT_LE(peak.chunks, 2 * kSessionChunks);
  expect_innocents_undisturbed();
  expect_nothing_is_left(minutes(5));
}

TEST_F(SessionAttack, SackLiesAndRenegingCostNoMoreThanTheSessionsShare) {
  begin_innocent_flow(seconds(3));
  Hand liar = begin_session_by_hand(kAttacker, noise(2'000'000));
  run(milliseconds(20));
  for (int i = 0; i < 1000; ++i) {
    // Blocks within what may be in flight, beyond it, behind it, upside down: any three.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> blocks;
    for (int block = 0; block < 3; ++block) {
      const std::uint32_t left = liar.acknowledged + any_number() % 100'000 - 10'000;
      blocks.emplace_back(left, left + any_number() % 40'000 - 5'000);
    }
    inject(by(liar, tcp::kAck, {}, sack_option(blocks)), Side::kClient);
    flush();
    run(milliseconds(1));
  }
  EXPECT_LE(to_attacker, 2 * injected);
  EXPECT_LE(peak.chunks, 2 * kSessionChunks);
  run(seconds(2));
  expect_innocents_undisturbed();
  // It acknowledged nothing: R2, and a little for what the session still drains.
  expect_nothing_is_left(seconds(100 + 200));
}

TEST_F(SessionAttack, AWholeFlightThatIsSackedAndNeverAcknowledgedIsSentAgainAndGivenUp) {
  begin_innocent_flow(seconds(3));
  Hand liar = begin_session_by_hand(kAttacker, noise(500'000));
  run(milliseconds(20));
  const std::uint32_t first = liar.acknowledged;
  for (int i = 0; i < 300; ++i) {
    inject(by(liar, tcp::kAck, {}, sack_option({{first, first + 14'600}})), Side::kClient);
    flush();
    run(milliseconds(10));
  }
  EXPECT_LE(to_attacker, 2 * injected);
  EXPECT_LE(peak.chunks, 2 * kSessionChunks);
  expect_innocents_undisturbed();
  expect_nothing_is_left(seconds(100 + 200));
}

// --- small things ---

TEST_F(SessionAttack, OneByteSegmentsLieInWholeChunksAndAreAcknowledgedOnceEach) {
  begin_innocent_flow(seconds(3));
  Hand tiny = begin_session_by_hand(kAttacker, "answer");
  for (int i = 0; i < 20'000; ++i) {
    inject(by(tiny, tcp::kAck, "x"), Side::kClient);
    ++tiny.next;
    if (i % 10 == 0) run(milliseconds(1));
  }
  EXPECT_LE(to_attacker, injected);
  EXPECT_LE(peak.chunks, 2 * kSessionChunks);
  run(seconds(2));
  expect_innocents_undisturbed();
}

TEST_F(SessionAttack, OneByteSegmentsBetweenGapsHoldNoMoreThanTheWindow) {
  begin_innocent_flow(seconds(3));
  Hand tiny = begin_session_by_hand(kAttacker, "answer");
  tiny.next += 1;
  for (int i = 0; i < 20'000; ++i) {
    inject(by(tiny, tcp::kAck, "x"), Side::kClient);
    tiny.next += 2 + any_number() % 3000;
    flush();
    if (i % 10 == 0) run(milliseconds(1));
  }
  EXPECT_LE(to_attacker, injected + 8) << "one answer each, and those that the server's bytes took";
  EXPECT_LE(peak.chunks, kSessionChunks);
  expect_innocents_undisturbed();
  // Nobody fills the gap and nobody closes: a session that is asked after an hour whether it lives.
  expect_nothing_is_left(minutes(75));
}

TEST_F(SessionAttack, OneByteWindowsAreAnsweredWithOneSegmentEach) {
  begin_innocent_flow(seconds(3));
  Hand drip = begin_session_by_hand(kAttacker, noise(1'000'000));
  drip.window = 0;
  std::size_t frames = 0;
  for (int i = 0; i < 2000; ++i) {
    frames += take_answer(drip);
    frames::Tcp tcp = by(drip, tcp::kAck);
    tcp.window = 1;  // 128 bytes, the smallest that is not zero
    inject(tcp, Side::kClient);
    flush();
    run(milliseconds(1));
  }
  EXPECT_LE(frames, injected + 16);
  EXPECT_LE(peak.chunks, 2 * kSessionChunks);
  expect_innocents_undisturbed();
  expect_nothing_is_left(minutes(10));
}

TEST_F(SessionAttack, ATinyMssIsNotTakenOverAndTheSmallestThatIsTakesNoMoreMemoryThanAnother) {
  begin_innocent_flow(seconds(3));
  Hand refused = begin_session_by_hand(kAttacker, "answer", 100);
  EXPECT_EQ(counted(Reason::mss_too_small), 1U);
  Hand small = begin_session_by_hand("10.66.0.1:2", noise(1'000'000), 216);
  std::size_t frames = 0;
  for (int i = 0; i < 1000; ++i) {
    frames += take_answer(small);
    inject(by(small, tcp::kAck), Side::kClient);
    flush();
    run(milliseconds(1));
  }
  EXPECT_GT(frames, 1000U);
  EXPECT_LE(frames, 1'000'000U / 200 + injected);
  EXPECT_LE(peak.chunks, 2 * kSessionChunks);
  run(seconds(2));
  expect_innocents_undisturbed();
  expect_nothing_is_left(minutes(10));
}

TEST_F(SessionAttack, OverlappingSegmentsWithDifferentBytesDeliverTheFirstCopyOfEach) {
  begin_innocent_flow(seconds(1));
  SimulatedPeer& server = add_peer(model("10.0.7.7:443", kAttacker, ""), Side::kServer);
  Hand client = connect_by_hand(kAttacker, "10.0.7.7:443");
  say(client, "HELLO\n");
  std::string expected = "HELLO\n";
  for (int round = 0; round < 500; ++round) {
    // [4, 12) first, then everything again with other letters, from both sides of it.
    Hand middle = client;
    middle.next += 4;
    inject(by(middle, tcp::kAck, "mmmmmmmm"), Side::kClient);
    inject(by(middle, tcp::kAck, "nnnnnnnnnnnn"), Side::kClient);
    say(client, "aaaaaaaaaaaaaaaa");
    expected += "aaaammmmmmmmnnnn";
  }
  run(seconds(1));
  EXPECT_TRUE(server.received() == expected) << server.received().substr(0, 60);
  EXPECT_LE(peak.chunks, 2 * kSessionChunks);
  EXPECT_LE(to_attacker, injected);
  expect_innocents_undisturbed();
}

// --- those who do not take what they asked for ---

TEST_F(SessionAttack, AZeroWindowForEverHoldsASessionsShareForAnHour) {
  begin_innocent_flow(seconds(3));
  Hand stuck = begin_session_by_hand(kAttacker, noise(2'000'000));
  take_answer(stuck);
  stuck.window = 0;
  const Instant begun = now;
  std::uint64_t probes = 0;
  while (user.ended_by[Reason::client_timeout] == 0 && now - begun < std::chrono::hours(2)) {
    run(milliseconds(500));
    const std::size_t got = take_inbox().size();
    probes += got;
    if (got == 0) continue;
    inject(by(stuck, tcp::kAck), Side::kClient);  // it lives, and takes nothing
    flush();
  }
  EXPECT_LE(now - begun, minutes(62));
  EXPECT_GE(now - begun, minutes(59)) << "a printer that is out of paper is no attacker";
  EXPECT_LE(probes, 200U);
  EXPECT_LE(peak.chunks, 2 * kSessionChunks);
  expect_innocents_undisturbed();
  expect_nothing_is_left(minutes(10));
}

/// Many who ask for much and, every second, take `bite` bytes of it.
struct MemoryAttack : SessionAttack {
  void starve(std::uint32_t bite) {
    settings.stream_chunks_max = 8 * kSessionChunks;
    begin_innocent_flow(seconds(22));
    for (int i = 0; i < 48; ++i) {
      const std::string own = "10.66." + std::to_string(i / 8) + ".1:" + std::to_string(1 + i % 8);
      slow.push_back(begin_session_by_hand(own, noise(300'000)));
      take_answer(slow.back());
      slow.back().window = 0;
    }
    EXPECT_EQ(engine().pressure().level, Level::kRed);
    for (int second = 0; second < 20; ++second) {
      for (Hand& hand : slow) {
        hand.acknowledged += bite;
        inject(by(hand, tcp::kAck), Side::kClient);
        flush();
      }
      run(seconds(1));
      inbox.clear();
    }
  }
  void expect_room_for_others() {
    EXPECT_LE(peak.chunks, settings.stream_chunks_max);
    EXPECT_GT(counted(Reason::session_evicted), 0U);
    EXPECT_NE(engine().pressure().level, Level::kRed) << int{engine().pressure().stream_percent};
    const std::uint64_t adopted = counters().flows_adopted;
    const Pair late = add_innocents("10.0.0.1:4001", {});
    run(seconds(3));
    EXPECT_EQ(counters().flows_adopted, adopted + 1);
    expect_whole(late);
    expect_innocents_undisturbed();
    expect_nothing_is_left(std::chrono::hours(2));
  }
  std::vector<Hand> slow;
};

TEST_F(MemoryAttack, ManyZeroWindowsGiveTheirMemoryBackWhenOthersNeedIt) {
  starve(0);
  expect_room_for_others();
}

TEST_F(MemoryAttack, ManyReadersOfAByteASecondGiveTheirMemoryBackToo) {
  starve(1);
  expect_room_for_others();
}

TEST_F(SessionAttack, ServersThatAnswerOutOfOrderForEverFillNoMoreThanTheMemosShare) {
  settings.memos_bytes_max = 20'000;
  user.memos = true;
  begin_innocent_flow(seconds(2));
  for (int flow = 0; flow < 50; ++flow) {
    const std::string own = "10.66." + std::to_string(flow) + ".1:1";
    inject({.source = own, .destination = "10.0.7.7:80", .seq = 1, .flags = tcp::kSyn}, Side::kClient);
    frames::Tcp answer{
        .source = "10.0.7.7:80", .destination = own, .seq = 9, .ack = 2, .flags = tcp::kSyn | tcp::kAck};
    inject(answer, Side::kServer);
    answer.flags = tcp::kAck;
    answer.payload = std::string(1000, 'x');
    answer.seq = 11;  // but never 10
    for (int i = 0; i < 20; ++i, answer.seq += 1000) {
      inject(answer, Side::kServer);
      ASSERT_LE(counters().now_memo_bytes, settings.memos_bytes_max + 2000);
    }
  }
  EXPECT_EQ(counters().packets_dropped, 0U) << "the flows themselves are forwarded all the time";
  run(seconds(1));
  expect_innocents_undisturbed();
  run(minutes(5));
  EXPECT_EQ(counters().now_memo_bytes, 0U);
}

}  // namespace
}  // namespace limpid::flow
