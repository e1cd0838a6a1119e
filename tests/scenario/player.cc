#include "tests/scenario/player.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace limpid::scenario {
namespace {

bool before(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }

/// A number as scripts write it: small ones below the first byte are negative.
std::string relative(std::uint32_t number) { return std::to_string(static_cast<std::int32_t>(number)); }

std::uint32_t length(const Frame& frame) {
  return static_cast<std::uint32_t>(frame.payload.size()) + (frame.has(tcp::kFin) ? 1U : 0U) +
         (frame.has(tcp::kSyn) ? 1U : 0U);
}

std::uint32_t end_of(const Frame& frame) { return frame.seq + length(frame); }

std::string flag_letters(std::uint8_t flags) {
  constexpr std::string_view kLetters = "FSRPAUEC";  // from the lowest bit
  std::string letters;
  for (std::size_t i = 0; i < kLetters.size(); ++i) {
    if ((flags >> i & 1U) != 0) letters += kLetters[i];
  }
  return letters.empty() ? "-" : letters;
}

std::string sack_text(const Frame& frame) {
  std::string text;
  for (std::size_t i = 0; i < frame.options.sack_blocks; ++i) {
    text += " " + relative(frame.options.sack[i].left) + ":" + relative(frame.options.sack[i].right);
  }
  return text.empty() ? " nosack" : " sack" + text;
}

std::string describe(const Frame& frame) {
  std::string text = flag_letters(frame.flags) + " " + relative(frame.seq) + ":" +
                     relative(frame.seq + static_cast<std::uint32_t>(frame.payload.size())) + " ack " +
                     relative(frame.ack) + " win " + std::to_string(frame.window);
  if (frame.options.sack_blocks > 0) text += sack_text(frame);
  if (frame.options.timestamps) {
    text += " ts " + relative(frame.options.timestamps->value) + " ecr " +
            relative(frame.options.timestamps->echo);
  }
  if (frame.ect) text += " ect";
  if (frame.ce) text += " ce";
  return text;
}

std::string milliseconds(Duration time) {
  return std::to_string(std::chrono::duration<double, std::milli>(time).count()) + " ms";
}

std::string is_not(std::string_view what, std::int64_t is, std::int64_t expected) {
  return std::string(what) + " is " + std::to_string(is) + ", expected " + std::to_string(expected);
}

}  // namespace

Player::Player(const Script& script, Subject& subject)
    : script_(script),
      subject_(subject),
      window_(static_cast<std::uint16_t>(
          std::min<std::uint32_t>(script.setup.window >> script.setup.shift, 65535))) {}

void Player::play() {
  for (const Step& step : script_.steps) {
    transcript_ += "  " + step.text + "\n";
    Complaint complaint = std::visit([this](const auto& action) { return run(action); }, step.action);
    if (complaint.empty()) complaint = std::exchange(unexpected_, {});
    if (complaint.empty()) continue;
    ADD_FAILURE_AT(step.file.c_str(), step.line) << step.text << "\n  " << complaint << "\n" << transcript_;
    return;
  }
  const Complaint complaint = nothing_left();
  if (!complaint.empty()) {
    ADD_FAILURE_AT(script_.file.c_str(), script_.line) << "at the end: " << complaint << "\n" << transcript_;
  }
}

// --- numbers ---

std::uint32_t Player::ours(const Position& position) const {
  return (position.next ? our_next_ : 0) + static_cast<std::uint32_t>(position.offset);
}
std::uint32_t Player::peers(const Position& position) const {
  return (position.next ? peer_next_ : 0) + static_cast<std::uint32_t>(position.offset);
}

void Player::log(const char* arrow, const Frame& frame, Duration at) {
  transcript_ += "    " + milliseconds(at) + " " + arrow + " " + describe(frame) + "\n";
}

// Whatever the script compares: text that is sent is always the stream's, the second time as well.
void Player::note_sent(const Sent& sent) {
  log(">", sent.frame, sent.at);
  const Frame& frame = sent.frame;
  const std::size_t same = simulation::first_difference(kOurStream, frame.seq - 1U, frame.payload);
  if (same != frame.payload.size())
    unexpected_ = "the text is wrong at " + relative(frame.seq) + "+" + std::to_string(same);
  if (before(our_next_, end_of(frame)) && !frame.has(tcp::kRst)) our_next_ = end_of(frame);
  if (frame.options.timestamps) tsval_ = frame.options.timestamps->value;
}

// --- injecting ---

void Player::add_options(const SegmentText& text, Frame& frame) const {
  if (text.sack) {
    for (const PositionRange& block : *text.sack) {
      frame.options.sack[frame.options.sack_blocks++] = {ours(block.left), ours(block.right)};
    }
  }
  const bool stamped = script_.setup.timestamps && !text.without_timestamps;
  if (!stamped && !text.timestamp) return;
  const auto clock = std::chrono::floor<std::chrono::milliseconds>(subject_.now()).count();
  const auto value = static_cast<std::uint32_t>(text.timestamp.value_or(clock));
  const std::uint32_t echo = text.echo ? static_cast<std::uint32_t>(*text.echo) : tsval_;
  frame.options.timestamps = wire::Timestamps{value, echo};
}

Frame Player::compose(const SegmentText& text) const {
  Frame frame{.flags = text.flags};
  frame.seq = peers(text.seq.value_or(Position{.next = true}));
  const std::uint32_t end = text.end ? peers(*text.end) : frame.seq;
  frame.payload.resize(end - frame.seq);
  simulation::fill_pattern(kPeersStream, frame.seq - 1U, frame.payload);
  if (text.fill) std::fill(frame.payload.begin(), frame.payload.end(), static_cast<std::byte>(*text.fill));
  if ((text.flags & tcp::kAck) != 0 || text.ack) frame.ack = ours(text.ack.value_or(Position{.next = true}));
  frame.window = text.window ? static_cast<std::uint16_t>(text.window->low) : window_;
  frame.ce = text.ce;
  add_options(text, frame);
  return frame;
}

// What begins where the peer's stream has got to, or before, carries it on.
void Player::note_injected(const SegmentText& text, const Frame& frame) {
  if (text.window) window_ = frame.window;
  if (frame.has(tcp::kRst) || frame.has(tcp::kSyn)) return;
  if (!before(peer_next_, frame.seq) && before(peer_next_, end_of(frame))) peer_next_ = end_of(frame);
}

Player::Complaint Player::run(const Inject& step) {
  if (Complaint left = nothing_left(); !left.empty()) return left;
  const Frame frame = compose(step.segment);
  note_injected(step.segment, frame);
  mark_ = subject_.now();
  log("<", frame, mark_);
  subject_.inject(frame);
  return {};
}

// --- expecting ---

Player::Complaint Player::nothing_left() {
  subject_.settle();
  const std::optional<Sent> more = subject_.next(subject_.now());
  if (!more) return {};
  note_sent(*more);
  return "not expected: " + describe(more->frame);
}

Player::Complaint Player::take(const Within& within, Sent& into) {
  const bool at_once = within.to == Duration::zero();
  if (at_once) subject_.settle();
  const Duration latest = at_once ? subject_.now() : mark_ + within.to + subject_.late();
  std::optional<Sent> sent = subject_.next(latest);
  if (!sent) {
    subject_.pass(latest);
    return "nothing was sent";
  }
  note_sent(*sent);
  const Duration after = sent->at - mark_;
  if (after < within.from - subject_.early()) return "sent too early, after " + milliseconds(after);
  if (!at_once && after > within.to + subject_.late()) return "sent too late, after " + milliseconds(after);
  mark_ = sent->at;
  into = std::move(*sent);
  return {};
}

Player::Complaint Player::run(const Expect& step) {
  const std::uint32_t our_next = our_next_;
  Sent sent;
  if (Complaint complaint = take(step.within, sent); !complaint.empty()) return complaint;
  // "next" is what was next before this segment.
  const std::uint32_t after = std::exchange(our_next_, our_next);
  Complaint complaint = differs(step.segment, sent.frame);
  our_next_ = after;
  return complaint;
}

Player::Complaint Player::differs(const SegmentText& expected, const Frame& frame) const {
  unsigned compared = tcp::kFin | tcp::kSyn | tcp::kRst | tcp::kAck | tcp::kEce | tcp::kCwr;
  if (expected.push) compared |= tcp::kPsh;
  if (expected.urgent) compared |= tcp::kUrg;
  if ((frame.flags & compared) != (expected.flags & compared))
    return "the flags are " + flag_letters(frame.flags);
  if (expected.seq && frame.seq != ours(*expected.seq)) {
    return "it begins at " + relative(frame.seq) + ", expected " + relative(ours(*expected.seq));
  }
  const auto end = frame.seq + static_cast<std::uint32_t>(frame.payload.size());
  if (expected.end && end != ours(*expected.end)) {
    return "it ends at " + relative(end) + ", expected " + relative(ours(*expected.end));
  }
  if (expected.ack && frame.ack != peers(*expected.ack)) {
    return "it acknowledges " + relative(frame.ack) + ", expected " + relative(peers(*expected.ack));
  }
  if (expected.window && (frame.window < expected.window->low || frame.window > expected.window->high)) {
    return "the window is " + std::to_string(frame.window);
  }
  if (expected.ect && *expected.ect != frame.ect) return frame.ect ? "it is ECT" : "it is not ECT";
  return differs_in_options(expected, frame);
}

Player::Complaint Player::differs_in_options(const SegmentText& expected, const Frame& frame) const {
  if (expected.sack) {
    bool same = frame.options.sack_blocks == expected.sack->size();
    for (std::size_t i = 0; same && i < expected.sack->size(); ++i) {
      const PositionRange& block = (*expected.sack)[i];
      same = frame.options.sack[i] == wire::SackBlock{peers(block.left), peers(block.right)};
    }
    if (!same) return "it says" + sack_text(frame);
  }
  if (expected.without_timestamps && frame.options.timestamps) return "it has timestamps";
  if (!expected.echo && !expected.timestamp) return {};
  if (!frame.options.timestamps) return "it has no timestamps";
  const wire::Timestamps& stamps = *frame.options.timestamps;
  if (expected.timestamp && stamps.value != static_cast<std::uint32_t>(*expected.timestamp)) {
    return is_not("TSval", static_cast<std::int32_t>(stamps.value), *expected.timestamp);
  }
  if (expected.echo && stamps.echo != static_cast<std::uint32_t>(*expected.echo)) {
    return is_not("TSecr", static_cast<std::int32_t>(stamps.echo), *expected.echo);
  }
  return {};
}

Player::Complaint Player::run(const ExpectText& step) {
  std::uint32_t at = ours(step.text.left);
  const std::uint32_t end = ours(step.text.right);
  while (before(at, end)) {
    Sent sent;
    if (Complaint complaint = take(step.within, sent); !complaint.empty()) {
      return complaint + ", though " + relative(at) + ":" + relative(end) + " is expected";
    }
    if (sent.frame.seq != at || sent.frame.payload.empty())
      return "expected text from " + relative(at) + " on";
    at += static_cast<std::uint32_t>(sent.frame.payload.size());
  }
  return at == end ? Complaint{} : "the text goes on to " + relative(at);
}

Player::Complaint Player::run(const ExpectSilence& step) {
  if (Complaint left = nothing_left(); !left.empty()) return left;
  const Duration until = mark_ + step.time;
  if (step.time > Duration::zero()) {
    if (const std::optional<Sent> sent = subject_.next(until - subject_.early())) {
      note_sent(*sent);
      return "after " + milliseconds(sent->at - mark_) + ", not expected: " + describe(sent->frame);
    }
    subject_.pass(until - subject_.early());
    mark_ = subject_.now();
  }
  return {};
}

Player::Complaint Player::run(const Wait& step) {
  subject_.pass(mark_ + step.time);
  mark_ = subject_.now();
  return {};
}

Player::Complaint Player::run(const Ignore& /*step*/) {
  subject_.settle();
  while (const std::optional<Sent> sent = subject_.next(subject_.now())) note_sent(*sent);
  return {};
}

// --- the application ---

Player::Complaint Player::run(const Write& step) {
  std::vector<std::byte> bytes(step.size);
  simulation::fill_pattern(kOurStream, written_, bytes);
  mark_ = subject_.now();
  const std::size_t taken = subject_.write(bytes);
  written_ += taken;
  if (taken == step.size) return {};
  return is_not("what was taken", static_cast<std::int64_t>(taken), static_cast<std::int64_t>(step.size));
}

Player::Complaint Player::run(const Read& step) {
  mark_ = subject_.now();
  const std::vector<std::byte> bytes = subject_.read(step.size.value_or(subject_.readable()));
  if (step.size && bytes.size() != *step.size) {
    return is_not("what was read", static_cast<std::int64_t>(bytes.size()),
                  static_cast<std::int64_t>(*step.size));
  }
  std::vector<std::byte> expected(bytes.size());
  simulation::fill_pattern(kPeersStream, read_, expected);
  if (step.fill) std::fill(expected.begin(), expected.end(), static_cast<std::byte>(*step.fill));
  read_ += bytes.size();
  return bytes == expected ? Complaint{} : "other bytes were read than expected";
}

Player::Complaint Player::run(const Close& /*step*/) {
  mark_ = subject_.now();
  subject_.close();
  return {};
}
Player::Complaint Player::run(const Abort& /*step*/) {
  mark_ = subject_.now();
  subject_.abort();
  return {};
}
Player::Complaint Player::run(const Keepalive& /*step*/) {
  mark_ = subject_.now();
  subject_.keepalive();
  return {};
}

Player::Complaint Player::run(const TooBig& step) {
  if (Complaint left = nothing_left(); !left.empty()) return left;
  mark_ = subject_.now();
  subject_.too_big(ours(step.seq), step.mtu);
  return {};
}

Player::Complaint Player::run(const ExpectState& step) {
  return subject_.in_state(step.name) ? Complaint{} : "the state is " + subject_.state();
}

Player::Complaint Player::run(const ExpectReadable& step) {
  const std::size_t readable = subject_.readable();
  if (readable == step.size) return {};
  return is_not("what is readable", static_cast<std::int64_t>(readable),
                static_cast<std::int64_t>(step.size));
}

Player::Complaint Player::run(const ExpectUnacknowledged& step) {
  const std::size_t unacknowledged = subject_.unacknowledged();
  if (unacknowledged == step.size) return {};
  return is_not("what is unacknowledged", static_cast<std::int64_t>(unacknowledged),
                static_cast<std::int64_t>(step.size));
}

Player::Complaint Player::run(const ExpectFinished& step) {
  if (subject_.finished() == step.finished) return {};
  return step.finished ? "the stream has not ended" : "the stream has ended";
}

Player::Complaint Player::run(const ExpectFailure& step) {
  const std::string failure = subject_.failure();
  return failure == step.name ? Complaint{} : "the failure is " + failure;
}

Player::Complaint Player::run(const ExpectCount& step) {
  const std::optional<std::int64_t> count = subject_.count(step.name);
  if (!count || (*count >= step.value.low && *count <= step.value.high)) return {};
  return is_not(step.name, *count, step.value.low);
}

}  // namespace limpid::scenario
