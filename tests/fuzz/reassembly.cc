// The receiver's queue beside the plainest model of it: an array of bytes, each written once. In half of the
// runs memory and ranges are short; then the queue may refuse, but what it gives must have been sent, and
// must not change once it can be read.
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/tcp/receive_queue.h"
#include "tests/fuzz/require.h"

namespace limpid::tcp {
namespace {

constexpr std::size_t kEventsMax = 250;  // each copy has a number of its own in one byte
constexpr std::size_t kStreamMax = 1U << 14U;
constexpr std::uint16_t kCapacityMax = 6000;
constexpr std::size_t kPayloadMax = 3000;
constexpr std::size_t kPlenty = 10'000;

class Reassembly {
 public:
  explicit Reassembly(Bytes input)
      : input_(input),
        generous_(input_.u8() % 2 == 0),
        pool_(generous_ ? kPlenty : 4 + input_.u8() % 16),
        ranges_max_(generous_ ? kPlenty : 1 + input_.u8() % 4),
        queue_(pool_, input_.u16() % kCapacityMax, input_.u16(), static_cast<std::uint8_t>(input_.u8() % 4)),
        held_(kStreamMax) {}

  void play() {
    for (std::size_t i = 0; i < kEventsMax && !input_.empty(); ++i) {
      one_event();
      compare();
    }
    queue_.clear();
    require(pool_.used() == 0, "an empty queue holds no memory");
  }

 private:
  void one_event() {
    switch (input_.u8() % 8) {
      case 0:
        return consume(queue_.readable() * (input_.u8() % 5) / 4);
      case 1:
        return announce();
      case 2:
        now_ += std::chrono::milliseconds{input_.u8()};
        return queue_.tune(now_, std::chrono::milliseconds{10}, 2 * kCapacityMax, input_.u16());
      default:
        return accept();
    }
  }

  void accept() {
    const auto distance = static_cast<std::int16_t>(input_.u16()) / (1 << (input_.u8() % 12));
    const Offset at = std::max<Offset>(queue_.next() + distance, 0);
    const std::size_t size = input_.u16() % kPayloadMax;
    const bool fin = input_.u8() % 16 == 0;
    if (static_cast<std::size_t>(at) + size >= kStreamMax) return;
    // Each time other bytes: which copy is kept must show.
    const std::vector<std::byte> payload(size, static_cast<std::byte>(++copy_));
    copies_[copy_] = {at, at + static_cast<Offset>(size)};
    const Offset limit = model_accept(at, size, fin);
    const ReceiveQueue::Outcome outcome = queue_.accept(at, payload, fin, ranges_max_);
    if (!generous_) return;
    require(outcome.advanced == static_cast<std::size_t>(end_ - before_),
            "advances as far as there is no gap");
    require(outcome.refused || limit >= at + static_cast<Offset>(size),
            "says so where something is not kept");
  }

  /// Returns up to where text was taken.
  Offset model_accept(Offset at, std::size_t size, bool fin) {
    before_ = end_;
    const Offset end = at + static_cast<Offset>(size);
    if (fin && !fin_at_ && end >= highest_ && end <= queue_.edge()) fin_at_ = end;
    const Offset limit = std::min({end, queue_.edge(), fin_at_.value_or(end)});
    for (Offset i = std::max(at, before_); i < limit; ++i) {
      std::optional<std::uint8_t>& byte = held_[static_cast<std::size_t>(i)];
      if (!byte) byte = copy_;
      highest_ = std::max(highest_, i + 1);
    }
    while (held_[static_cast<std::size_t>(end_)]) ++end_;
    return limit;
  }

  void consume(std::size_t size) {
    std::vector<std::byte> bytes(size);
    require(queue_.copy_front(bytes) == size, "what is readable can be read");
    queue_.consume(size);
    read_ += size;
    seen_.erase(seen_.begin(), seen_.begin() + static_cast<std::ptrdiff_t>(std::min(size, seen_.size())));
  }

  void announce() {
    const Offset before = queue_.edge();
    const ReceiveQueue::Window window = queue_.window(1 + input_.u16() % 2000);
    require(window.edge >= before, "the right edge is not taken back");
    queue_.announced(window);
    int segments = 0;
    for (; queue_.has_sack_news(); ++segments) queue_.reported(queue_.sack_report(1 + input_.u8() % 4U));
    require(segments <= 24, "a bounded number of segments tells all that is new");
  }

  void compare() {
    std::vector<std::byte> bytes(queue_.readable());
    queue_.copy_front(bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const auto value = std::to_integer<std::uint8_t>(bytes[i]);
      const auto at = static_cast<Offset>(read_ + i);
      require(copies_[value].left <= at && at < copies_[value].right, "what is read was sent");
      require(i >= seen_.size() || seen_[i] == bytes[i], "what could be read does not change");
      if (generous_) require(held_[read_ + i] == value, "the first copy wins");
    }
    seen_ = bytes;
    if (generous_) compare_all();
  }

  void compare_all() {
    const bool fin_reached = fin_at_ && *fin_at_ == end_;
    require(queue_.received() == static_cast<std::uint64_t>(end_), "in order up to the first gap");
    require(queue_.next() == end_ + (fin_reached ? 1 : 0), "the FIN counts one, when it is reached");
    require(queue_.finished() == (fin_reached && read_ == static_cast<std::size_t>(end_)),
            "finished when all is read");
    require(queue_.has_gap() == (highest_ > end_), "knows what lies beyond a gap");
    const ReceiveQueue::SackReport report = queue_.sack_report(4);
    const std::size_t duplicate = report.duplicate ? 1 : 0;
    require(!queue_.has_gap() || report.count > duplicate, "a gap is told of");
    for (std::size_t i = duplicate; i < report.count; ++i) check_block(report.blocks[i]);
  }

  // RFC 2018 §4: contiguous, isolated, and beyond what is acknowledged.
  void check_block(const Interval& block) const {
    const auto left = static_cast<std::size_t>(block.left);
    const auto right = static_cast<std::size_t>(block.right);
    require(block.left > end_ && left < right, "SACK blocks lie beyond a gap");
    for (std::size_t i = left; i < right; ++i) require(held_[i].has_value(), "SACK tells of what is held");
    require(!held_[left - 1] && !held_[right], "a SACK block tells of all of its range");
  }

  ByteReader input_;
  bool generous_;
  ChunkPool pool_;
  std::size_t ranges_max_;
  ReceiveQueue queue_;
  std::array<Interval, 256> copies_{};             // by number: where it was sent
  std::vector<std::optional<std::uint8_t>> held_;  // by offset: the copy that was kept
  std::vector<std::byte> seen_;                    // what could be read last time
  std::optional<Offset> fin_at_;
  Offset end_ = 0;      // held without a gap up to here
  Offset highest_ = 0;  // the end of all that is held
  Offset before_ = 0;   // end_ before the last copy
  std::size_t read_ = 0;
  std::uint8_t copy_ = 0;
  Instant now_{std::chrono::seconds{1}};
};

}  // namespace
}  // namespace limpid::tcp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  limpid::tcp::Reassembly({reinterpret_cast<const std::byte*>(data), size}).play();
  return 0;
}
