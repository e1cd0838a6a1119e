// The sender's scoreboard beside the plainest model of it: a list of segments that is walked from its begin
// for every question, the search for losses by time (RFC 8985) included.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/tcp/rack.h"
#include "dataplane/tcp/scoreboard.h"
#include "tests/fuzz/require.h"

namespace limpid::tcp {
namespace {

constexpr std::size_t kEventsMax = 400;
constexpr std::size_t kSegmentsMax = 200;
constexpr std::size_t kPartsMax = 16;                  // new parts of one block that the scoreboard follows
constexpr Duration kShortestMax{UINT32_MAX};           // round trips beyond are not remembered
constexpr Offset kStart = (Offset{1} << 32) - 20'000;  // soon past 32 bits

struct Segment {
  Instant sent{};  // last
  Offset start = 0;
  std::uint32_t size = 0;
  bool fin = false;
  bool sacked = false;
  bool lost = false;
  bool again = false;

  std::uint32_t length() const { return size + (fin ? 1U : 0U); }
  Offset end() const { return start + length(); }
};

class Model {
 public:
  void sent(std::uint32_t size, bool fin, Instant now) {
    segments_.push_back({.sent = now, .start = next_, .size = size, .fin = fin});
    next_ = segments_.back().end();
  }

  void acknowledge(Offset offset, Instant now) {
    for (const Segment& segment : segments_) {
      if (segment.end() <= offset && !segment.sacked) deliver(segment, now);
    }
    while (!segments_.empty() && segments_.front().end() <= offset) segments_.erase(segments_.begin());
    if (!segments_.empty() && segments_.front().start < offset) {
      Segment& first = segments_.front();
      first.size -= static_cast<std::uint32_t>(offset - first.start);
      first.start = offset;
    }
    una_ = offset;
  }

  void sack(Offset left, Offset right, Instant now) {
    std::vector<std::pair<Offset, Offset>> parts;  // of the block, that are news
    for (Offset at = left; at < right && parts.size() < kPartsMax;) {
      if (is_sacked(at)) {
        ++at;
        continue;
      }
      const Offset from = at;
      while (at < right && !is_sacked(at)) ++at;
      parts.emplace_back(from, at);
    }
    for (const auto& [from, to] : parts) mark_sacked(from, to);
    for (const auto& [from, to] : parts) {
      for (Segment& segment : segments_) {
        if (segment.end() <= from || segment.start >= to || segment.sacked) continue;
        segment.sacked = all_sacked(segment.start, segment.end());
        if (!segment.sacked) continue;
        segment.lost = false;
        deliver(segment, now);
      }
    }
  }

  // RFC 8985 §6.2, step 5: each segment that was sent before the newest one that has arrived.
  bool mark_overtaken(Duration window, Instant now, Instant& next) {
    next = kNever;
    bool marked = false;
    for (Segment& segment : segments_) {
      if (!on_wire(segment) || !overtaken(segment)) continue;
      const Instant due = segment.sent + newest_round_trip_ + window;
      if (due > now) {
        next = std::min(next, due);
      } else {
        marked = segment.lost = true;
      }
    }
    return marked;
  }
  // §6.3.
  void mark_timed_out(Duration window, Instant now) {
    if (segments_.empty()) return;
    if (segments_.front().sacked) return mark_all_lost();
    segments_.front().lost = true;
    for (Segment& segment : segments_) {
      if (on_wire(segment) && segment.sent + newest_round_trip_ + window <= now) segment.lost = true;
    }
  }
  static bool on_wire(const Segment& segment) { return !segment.sacked && !segment.lost; }

  bool mark_first_lost() {
    const auto first =
        std::find_if(segments_.begin(), segments_.end(), [](const Segment& s) { return !s.sacked; });
    if (first == segments_.end() || first->lost) return false;
    return first->lost = true;
  }
  bool mark_first_unsent_again() {
    return !segments_.empty() && !segments_.front().again && mark_first_lost();
  }
  void mark_all_lost() {
    if (!segments_.empty() && segments_.front().sacked) {  // reneging
      sacked_.assign(sacked_.size(), false);
      for (Segment& segment : segments_) segment.sacked = false;
    }
    for (Segment& segment : segments_) segment.lost = !segment.sacked;
  }
  bool mark_longer_lost(std::uint32_t payload_max) {
    bool marked = false;
    for (Segment& segment : segments_) {
      if (segment.size <= payload_max || segment.sacked || segment.lost) continue;
      marked = segment.lost = true;
    }
    return marked;
  }
  void unmark_lost() {
    for (Segment& segment : segments_) segment.lost = false;
  }
  Segment* next_lost() {
    const auto found =
        std::find_if(segments_.begin(), segments_.end(), [](const Segment& s) { return s.lost; });
    return found == segments_.end() ? nullptr : &*found;
  }
  void cut(std::uint32_t payload_max) {
    std::vector<Segment> pieces;
    for (const Segment& segment : segments_) {
      Segment rest = segment;
      while (rest.size > payload_max) {
        Segment piece = rest;
        piece.size = payload_max;
        piece.fin = false;
        rest.start += payload_max;
        rest.size -= payload_max;
        pieces.push_back(piece);
      }
      pieces.push_back(rest);
    }
    segments_ = std::move(pieces);
  }

  template <typename Which>
  std::uint32_t bytes(Which which) const {
    std::uint32_t sum = 0;
    for (const Segment& segment : segments_) sum += which(segment) ? segment.length() : 0;
    return sum;
  }
  std::vector<Segment>& segments() { return segments_; }
  Offset una() const { return una_; }
  Offset next() const { return next_; }

 private:
  bool is_sacked(Offset at) const {
    const auto index = static_cast<std::size_t>(at - kStart);
    return index < sacked_.size() && sacked_[index];
  }
  bool all_sacked(Offset left, Offset right) const {
    for (Offset at = left; at < right; ++at) {
      if (!is_sacked(at)) return false;
    }
    return true;
  }
  void mark_sacked(Offset left, Offset right) {
    if (sacked_.size() < static_cast<std::size_t>(right - kStart))
      sacked_.resize(static_cast<std::size_t>(right - kStart));
    std::fill(sacked_.begin() + (left - kStart), sacked_.begin() + (right - kStart), true);
  }

  bool overtaken(const Segment& segment) const {
    if (!newest_) return false;
    return segment.sent < newest_->sent || (segment.sent == newest_->sent && segment.end() < newest_->end());
  }
  // §6.2, steps 1 and 2: an answer that is quicker than any before was to the segment's first transmission.
  void deliver(const Segment& segment, Instant now) {
    const Duration round_trip = now - segment.sent;
    if (segment.again && shortest_ && round_trip < *shortest_) return;
    if (!segment.again && round_trip < kShortestMax)
      shortest_ = std::min(shortest_.value_or(round_trip), round_trip);
    if (overtaken(segment)) return;
    newest_ = segment;
    newest_round_trip_ = round_trip;
  }

  std::vector<Segment> segments_;
  std::vector<bool> sacked_;       // by offset from kStart
  std::optional<Segment> newest_;  // by transmission, of those that have arrived
  Duration newest_round_trip_{};
  std::optional<Duration> shortest_;
  Offset una_ = kStart;
  Offset next_ = kStart;
};

class Comparison {
 public:
  explicit Comparison(Bytes input) : input_(input) {}

  void play() {
    for (std::size_t i = 0; i < kEventsMax && !input_.empty(); ++i) {
      now_ += std::chrono::microseconds{1 + input_.u8() * 100};
      one_event();
      compare();
    }
  }

 private:
  void one_event() {
    switch (input_.u8() % 16) {
      case 0:
      case 1:
      case 2:
        return send();
      case 3:
        return acknowledge();
      case 4:
      case 5:
      case 6:
        return sack();
      case 7:
      case 8:
        return retransmit();
      case 9:
        return mark();
      case 10:
        return rare();
      case 11:
        in_order_ = in_order_ && board_.lost() == 0;
        board_.unmark_lost();
        return model_.unmark_lost();
      case 12:
        return probe();
      default:
        return search();
    }
  }

  void send() {
    if (fin_sent_ || model_.segments().size() >= kSegmentsMax) return;
    const auto size = static_cast<std::uint16_t>(1 + input_.u16() % 1500);
    fin_sent_ = input_.u8() == 0;
    if (!board_.reserve()) return;
    board_.sent(model_.next(), size, fin_sent_, now_);
    model_.sent(size, fin_sent_, now_);
  }

  Offset somewhere() {
    const auto span = static_cast<std::uint64_t>(model_.next() - model_.una());
    return model_.una() + static_cast<Offset>(input_.u16() * span / 0xFFFFU);
  }

  void acknowledge() {
    const Offset offset = somewhere();
    if (offset <= model_.una()) return;
    const std::uint32_t before = model_.bytes([](const Segment& s) { return !s.sacked; });
    Scoreboard::Delivery delivery{.rack = &rack_, .now = now_};
    board_.acknowledge(offset, delivery);
    model_.acknowledge(offset, now_);
    const std::uint32_t after = model_.bytes([](const Segment& s) { return !s.sacked; });
    require(delivery.bytes == before - after, "counts what was not known to have arrived");
  }

  void sack() {
    const Offset left = somewhere();
    const Offset right = somewhere();
    if (left >= right) return;
    const std::uint32_t before = board_.sacked();
    Scoreboard::Delivery delivery{.rack = &rack_, .now = now_};
    board_.sack(left, right, delivery);
    model_.sack(left, right, now_);
    require(delivery.bytes == board_.sacked() - before, "counts what a block is the first to tell");
  }

  void retransmit() {
    Segment* const expected = model_.next_lost();
    const SentSegment* const next = board_.next_lost();
    require((next == nullptr) == (expected == nullptr), "knows whether something is lost");
    if (next == nullptr) return;
    require(board_.start_of(*next) == expected->start, "the first that is lost is sent first");
    require(next->length() == expected->length(), "and all of it");
    board_.retransmitted(now_);
    expected->lost = false;
    expected->again = true;
    expected->sent = now_;
  }

  void probe() {
    if (model_.segments().empty() || !Model::on_wire(model_.segments().back())) return;
    board_.probed(now_);
    model_.segments().back().again = true;
    model_.segments().back().sent = now_;
  }

  void search() {
    const Duration window = std::chrono::microseconds{input_.u16()};
    if (!in_order_) return search_out_of_order(window);
    if (input_.u8() % 8 == 0) {
      in_order_ = model_.segments().empty() || !model_.segments().front().sacked;
      board_.mark_timed_out(window, now_);
      return model_.mark_timed_out(window, now_);
    }
    Instant next{};
    Instant expected{};
    require(board_.mark_overtaken(window, now_, next) == model_.mark_overtaken(window, now_, expected),
            "what was overtaken is lost");
    require(next == expected, "and the next is looked at in time");
  }

  // Rare events put the board's chain in the order of the stream: it may find a loss later then, but none
  // that is not there. The model takes over what the board has found.
  void search_out_of_order(Duration window) {
    const std::uint32_t before = board_.lost();
    Instant next{};
    board_.mark_overtaken(window, now_, next);
    Model most = model_;
    most.mark_overtaken(window, now_, next);
    require(board_.lost() - before <= most.bytes([](const Segment& s) { return s.lost; }) - before,
            "nothing is lost that was not overtaken");
    board_.mark_all_lost();
    model_.mark_all_lost();
  }

  void mark() {
    switch (input_.u8() % 4) {
      case 0:
        return require(board_.mark_first_lost() == model_.mark_first_lost(), "the first is lost");
      case 1:
        return require(board_.mark_first_unsent_again() == model_.mark_first_unsent_again(),
                       "the first, once");
      case 2: {
        const auto most = static_cast<std::uint16_t>(input_.u16() % 1500);
        return require(board_.mark_longer_lost(most) == model_.mark_longer_lost(most),
                       "the longer ones are lost");
      }
      default:
        in_order_ = in_order_ && (model_.segments().empty() || !model_.segments().front().sacked);
        board_.mark_all_lost();
        return model_.mark_all_lost();
    }
  }

  void rare() {
    const auto most = static_cast<std::uint16_t>(88 + input_.u16() % 1500);
    if (model_.segments().size() * (1500 / most + 1) > 4 * kSegmentsMax) return;
    require(board_.cut(most), "there is memory");
    model_.cut(most);
    in_order_ = false;
  }

  void compare() {
    in_order_ = in_order_ || board_.pipe() == 0;
    const auto sacked = [](const Segment& s) { return s.sacked; };
    require(board_.segments() == model_.segments().size(), "each segment has its record");
    require(board_.pipe() == model_.bytes([](const Segment& s) { return !s.sacked && !s.lost; }), "pipe");
    require(board_.lost() == model_.bytes([](const Segment& s) { return s.lost; }), "lost");
    require(board_.sacked() == model_.bytes(sacked), "SACKed bytes");
    require(
        board_.sacked_segments() == std::count_if(model_.segments().begin(), model_.segments().end(), sacked),
        "SACKed segments");
    for (const Segment& segment : model_.segments()) {
      require(board_.payload_at(segment.start) == segment.size, "segments lie where they were sent");
    }
  }

  ByteReader input_;
  Rack rack_;
  Scoreboard board_;
  Model model_;
  bool in_order_ = true;  // the board's chain is in the order of the last transmissions
  bool fin_sent_ = false;
  Instant now_{std::chrono::seconds{1}};
};

}  // namespace
}  // namespace limpid::tcp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  limpid::tcp::Comparison({reinterpret_cast<const std::byte*>(data), size}).play();
  return 0;
}
