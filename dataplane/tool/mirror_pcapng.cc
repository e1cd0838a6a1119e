#include "dataplane/tool/mirror_pcapng.h"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/base/queue.h"
#include "dataplane/tool/mirror_story.h"

namespace limpid::tool {

namespace {

constexpr std::size_t kItemsAtOnce = 64;  // taken from one worker before the next has its turn
constexpr std::chrono::milliseconds kIdleWait(10);

/// One session as the mirror's thread knows it. Shared with the items that speak of it, so that it goes when
/// the last of them is gone, whichever items were lost. Touched by the mirror's thread only.
struct Session {
  FlowFacts facts;
  std::optional<TcpStory> story;
  std::array<std::uint64_t, 2> told{};  // bytes, by Direction
};

struct Item {
  enum class Kind : std::uint8_t { kOpen, kBytes, kEnd, kReset, kOver };
  std::shared_ptr<Session> session;
  Kind kind = Kind::kOpen;
  Direction direction = Direction::kFromClient;
  WallTime when{};
  std::uint64_t offset = 0;  // of the bytes in their direction
  std::vector<std::byte> bytes;
};

/// One worker's way to the mirror's thread.
class Lane final : public Mirror {
 public:
  explicit Lane(const PcapngMirrorSettings& settings)
      : items_(settings.queue_items_max), bytes_max_(settings.queue_bytes_max) {}

  std::unique_ptr<PlaintextTap> open(const FlowFacts& facts, WallTime when) override;

  /// Worker's thread. A lost item is counted; the item knows nothing of it.
  bool push(Item&& item) {
    const std::size_t size = item.bytes.size();
    if (bytes_.load(std::memory_order_relaxed) + size <= bytes_max_) {
      bytes_.fetch_add(size, std::memory_order_relaxed);
      if (items_.push(std::move(item))) return true;
      bytes_.fetch_sub(size, std::memory_order_relaxed);
    }
    lost_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  bool fits(std::size_t size) {
    if (bytes_.load(std::memory_order_relaxed) + size <= bytes_max_) return true;
    lost_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }

  /// Mirror's thread.
  std::optional<Item> pop() {
    std::optional<Item> item = items_.pop();
    if (item) bytes_.fetch_sub(item->bytes.size(), std::memory_order_relaxed);
    return item;
  }

  std::uint64_t sessions() const { return sessions_.load(std::memory_order_relaxed); }
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  SpscQueue<Item> items_;
  std::size_t bytes_max_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::uint64_t> sessions_{0};
  std::atomic<std::uint64_t> lost_{0};
};

class QueueTap final : public PlaintextTap {
 public:
  QueueTap(Lane& lane, std::shared_ptr<Session> session, WallTime when)
      : lane_(lane), session_(std::move(session)), last_(when) {}
  QueueTap(const QueueTap&) = delete;
  QueueTap& operator=(const QueueTap&) = delete;
  ~QueueTap() override {
    Item item;
    item.kind = Item::Kind::kOver;
    push(std::move(item), last_);
  }

  void on_bytes(Direction direction, Bytes bytes, WallTime when) override {
    std::uint64_t& offset = offsets_[static_cast<std::size_t>(direction)];
    const std::uint64_t at = std::exchange(offset, offset + bytes.size());
    if (!lane_.fits(bytes.size())) return;  // before the copy is made
    Item item;
    item.kind = Item::Kind::kBytes;
    item.direction = direction;
    item.offset = at;
    item.bytes.assign(bytes.begin(), bytes.end());
    push(std::move(item), when);
  }
  void on_end(Direction direction, WallTime when) override { push_mark(Item::Kind::kEnd, direction, when); }
  void on_reset(Direction direction, WallTime when) override {
    push_mark(Item::Kind::kReset, direction, when);
  }

 private:
  void push_mark(Item::Kind kind, Direction direction, WallTime when) {
    Item item;
    item.kind = kind;
    item.direction = direction;
    item.offset = offsets_[static_cast<std::size_t>(direction)];
    push(std::move(item), when);
  }
  void push(Item&& item, WallTime when) {
    item.session = session_;
    item.when = last_ = when;
    lane_.push(std::move(item));
  }

  Lane& lane_;
  std::shared_ptr<Session> session_;
  WallTime last_;
  std::array<std::uint64_t, 2> offsets_{};  // by Direction
};

std::unique_ptr<PlaintextTap> Lane::open(const FlowFacts& facts, WallTime when) {
  auto session = std::make_shared<Session>();
  session->facts = facts;
  Item item;
  item.session = session;
  item.when = when;
  if (!push(std::move(item))) return nullptr;
  sessions_.fetch_add(1, std::memory_order_relaxed);
  return std::make_unique<QueueTap>(*this, std::move(session), when);
}

}  // namespace

class PcapngMirror::Writer final : private FrameSink {
 public:
  Writer(const PcapngMirrorSettings& settings, Recording file, const Clock& clock,
         std::function<void(std::string_view)> warn)
      : file_(std::move(file)), clock_(clock), warn_(std::move(warn)) {
    for (std::size_t i = 0; i < settings.workers; ++i) lanes_.push_back(std::make_unique<Lane>(settings));
    thread_ = std::thread([this] { run(); });
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() override { stop(); }

  Mirror& lane(std::size_t index) { return *lanes_.at(index); }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  MirrorCounters counters() const {
    MirrorCounters all;
    for (const auto& lane : lanes_) {
      all.sessions += lane->sessions();
      all.lost_queue += lane->lost();
    }
    all.packets = packets_.load(std::memory_order_relaxed);
    all.bytes = bytes_.load(std::memory_order_relaxed);
    all.lost_write = lost_write_.load(std::memory_order_relaxed);
    return all;
  }

 private:
  void run() {
    // Stopping is looked at before the queues are: whatever was pushed before stop() is then still taken.
    for (bool stopping = false; !stopping;) {
      stopping = wait_or_stop();
      while (tell_some()) {
      }
      now_ = clock_.now();
      stopping ? file_.flush_now(now_) : file_.flush(now_);
      warn_of_change();
    }
  }

  bool wait_or_stop() {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, kIdleWait, [this] { return stopping_; });
  }

  bool tell_some() {
    now_ = clock_.now();
    bool any = false;
    for (const auto& lane : lanes_) {
      for (std::size_t i = 0; i < kItemsAtOnce; ++i) {
        const std::optional<Item> item = lane->pop();
        if (!item) break;
        any = true;
        tell(*item);
      }
    }
    return any;
  }

  void tell(const Item& item) {
    Session& session = *item.session;
    FrameSink& sink = *this;
    if (item.kind == Item::Kind::kOpen) session.story.emplace(session.facts, item.when, sink);
    if (!session.story) return;
    std::uint64_t& told = session.told[static_cast<std::size_t>(item.direction)];
    if (item.offset > told) session.story->skip(item.direction, item.offset - told);
    switch (item.kind) {
      case Item::Kind::kOpen:
        return;
      case Item::Kind::kBytes:
        told = item.offset + item.bytes.size();
        return session.story->tell_bytes(item.direction, item.bytes, item.when, sink);
      case Item::Kind::kEnd:
        return session.story->tell_end(item.direction, item.when, sink);
      case Item::Kind::kReset:
        return session.story->tell_reset(item.direction, item.when, sink);
      case Item::Kind::kOver:
        return session.story->tell_over(item.when, sink);
    }
  }

  void on_frame(Bytes frame, WallTime when) override {
    if (!file_.append(frame, when, now_)) {
      lost_write_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    packets_.fetch_add(1, std::memory_order_relaxed);
    bytes_.fetch_add(frame.size(), std::memory_order_relaxed);
  }

  void warn_of_change() {
    if (file_.failing() == warned_) return;
    warned_ = file_.failing();
    warn_(warned_ ? file_.path() + ": cannot be written (" + std::generic_category().message(file_.error()) +
                        "); copies are kept while there is room, then lost, and it is tried again"
                  : file_.path() + ": can be written again");
  }

  Recording file_;
  const Clock& clock_;
  std::function<void(std::string_view)> warn_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  Instant now_{};  // of the current round
  bool warned_ = false;
  std::atomic<std::uint64_t> packets_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> lost_write_{0};

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

Result<std::unique_ptr<PcapngMirror>, std::string> PcapngMirror::open(
    const PcapngMirrorSettings& settings, const Clock& clock, std::function<void(std::string_view)> warn) {
  Result<Recording, std::string> file =
      Recording::open({settings.path, settings.interface_name,
                       std::chrono::milliseconds(settings.retry_after_ms), settings.rotation},
                      clock, warn);
  if (!file) return Failure{file.error()};
  auto writer = std::make_unique<Writer>(settings, std::move(file).value(), clock, std::move(warn));
  return std::unique_ptr<PcapngMirror>(new PcapngMirror(std::move(writer)));
}

PcapngMirror::PcapngMirror(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
PcapngMirror::~PcapngMirror() = default;

Mirror& PcapngMirror::for_worker(std::size_t index) { return writer_->lane(index); }
void PcapngMirror::stop() { writer_->stop(); }
MirrorCounters PcapngMirror::counters() const { return writer_->counters(); }

}  // namespace limpid::tool
