#include "dataplane/tool/queued_mirror.h"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/base/queue.h"
#include "dataplane/base/wipe.h"
#include "dataplane/tool/session_copy.h"

namespace limpid::tool {

namespace {

constexpr std::size_t kItemsAtOnce = 64;  // taken from one worker before the next has its turn
constexpr std::chrono::milliseconds kIdleWait(10);

/// One session as the mirror's thread knows it. Shared with the items that speak of it, so that it goes when
/// the last of them is gone, whichever items were lost. Touched by the mirror's thread only.
struct Session {
  FlowFacts facts;
  std::optional<SessionCopy> copy;
  std::array<std::uint64_t, 2> told{};  // bytes, by Direction
};

struct Item {
  Item() = default;
  Item(Item&&) noexcept = default;
  Item& operator=(Item&&) noexcept = default;
  Item(const Item&) = delete;
  Item& operator=(const Item&) = delete;
  ~Item() {
    if (kind == Kind::kSecrets) wipe(bytes);
  }

  enum class Kind : std::uint8_t { kOpen, kBytes, kSecrets, kEnd, kReset, kOver };
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
  explicit Lane(const QueuedMirrorSettings& settings)
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
  void on_secrets(Bytes lines, WallTime when) override {
    Item item;
    item.kind = Item::Kind::kSecrets;
    item.bytes.assign(lines.begin(), lines.end());
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

class QueuedMirror::Teller {
 public:
  Teller(const QueuedMirrorSettings& settings, std::unique_ptr<MirrorOutput> output, const Clock& clock,
         std::unique_ptr<Masking> masking)
      : packet_max_(settings.packet_max),
        output_(std::move(output)),
        clock_(clock),
        masking_(std::move(masking)) {
    for (std::size_t i = 0; i < settings.workers; ++i) lanes_.push_back(std::make_unique<Lane>(settings));
    thread_ = std::thread([this] { run(); });
  }
  Teller(const Teller&) = delete;
  Teller& operator=(const Teller&) = delete;
  ~Teller() { stop(); }

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
    output_->add_to(all);
    return all;
  }

 private:
  void run() {
    // Stopping is looked at before the queues are: whatever was pushed before stop() is then still taken.
    for (bool stopping = false; !stopping;) {
      stopping = wait_or_stop();
      while (tell_some()) {
      }
      const Instant now = clock_.now();
      stopping ? output_->finish(now) : output_->flush(now);
    }
  }

  bool wait_or_stop() {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, kIdleWait, [this] { return stopping_; });
  }

  bool tell_some() {
    output_->begin(clock_.now());
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
    if (item.kind == Item::Kind::kOpen) {
      const SessionCopy::Surroundings surroundings{*output_, masking_.get(), packet_max_};
      session.copy.emplace(session.facts, item.when, surroundings);
    }
    if (!session.copy) return;
    std::uint64_t& told = session.told[static_cast<std::size_t>(item.direction)];
    if (item.offset > told)
      session.copy->skip(item.direction, item.offset - std::exchange(told, item.offset), item.when);
    switch (item.kind) {
      case Item::Kind::kOpen:
        return;
      case Item::Kind::kBytes:
        told = item.offset + item.bytes.size();
        return session.copy->on_bytes(item.direction, item.bytes, item.when);
      case Item::Kind::kSecrets:
        return output_->on_secrets(item.bytes);
      case Item::Kind::kEnd:
        return session.copy->on_end(item.direction, item.when);
      case Item::Kind::kReset:
        return session.copy->on_reset(item.direction, item.when);
      case Item::Kind::kOver:
        return session.copy->on_over(item.when);
    }
  }

  std::size_t packet_max_;
  std::unique_ptr<MirrorOutput> output_;
  const Clock& clock_;
  std::unique_ptr<Masking> masking_;
  std::vector<std::unique_ptr<Lane>> lanes_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

QueuedMirror::QueuedMirror(const QueuedMirrorSettings& settings, std::unique_ptr<MirrorOutput> output,
                           const Clock& clock, std::unique_ptr<Masking> masking)
    : teller_(std::make_unique<Teller>(settings, std::move(output), clock, std::move(masking))) {}
QueuedMirror::~QueuedMirror() = default;

Mirror& QueuedMirror::for_worker(std::size_t index) { return teller_->lane(index); }
void QueuedMirror::stop() { teller_->stop(); }
MirrorCounters QueuedMirror::counters() const { return teller_->counters(); }

}  // namespace limpid::tool
