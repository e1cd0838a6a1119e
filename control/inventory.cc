#include "control/inventory.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "control/inventory_database.h"

namespace limpid::control {

namespace {

/// Which sightings are the same: as the database's UNIQUE, with the leaf in place of its number.
std::string key_of(const certificate::ObservedCertificate& seen) {
  std::string key = seen.facts.server.text();
  key += '\0';
  key += seen.intercepted ? 'i' : 'p';
  for (const std::string& part : {seen.sni, seen.outcome}) key += std::to_string(part.size()) + ':' + part;
  return key + (seen.chain.empty() ? seen.leaf : seen.chain.front());
}

/// Sightings that wait for the disk: equal ones put together, in the order they came, no more than so many.
class Waiting {
 public:
  /// The count of sightings that had to go.
  std::uint64_t add(Sighting&& sighting, std::size_t places_max) {
    const auto [place, fresh] = by_key_.try_emplace(key_of(sighting.latest));
    if (!fresh) {
      Sighting& known = *place->second;
      known.count += sighting.count;
      known.first_seen = std::min(known.first_seen, sighting.first_seen);
      if (sighting.latest.seen >= known.latest.seen) known.latest = std::move(sighting.latest);
      return 0;
    }
    sightings_.push_back(std::move(sighting));
    place->second = std::prev(sightings_.end());
    return by_key_.size() > places_max ? drop_oldest() : 0;
  }

  std::list<Sighting> take() {
    by_key_.clear();
    return std::exchange(sightings_, {});
  }

  bool empty() const { return sightings_.empty(); }

 private:
  std::uint64_t drop_oldest() {
    const std::uint64_t lost = sightings_.front().count;
    by_key_.erase(key_of(sightings_.front().latest));
    sightings_.pop_front();
    return lost;
  }

  std::list<Sighting> sightings_;
  std::unordered_map<std::string, std::list<Sighting>::iterator> by_key_;
};

}  // namespace

class Inventory::Writer {
 public:
  Writer(const InventorySettings& settings, const Clock& clock, std::function<void(std::string_view)> warn)
      : settings_(settings), clock_(clock), warn_(std::move(warn)), thread_([this] { run(); }) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { stop(); }

  void record(certificate::ObservedCertificate&& seen) {
    const std::lock_guard lock(mutex_);
    const WallTime when = seen.seen;
    const std::uint32_t times = seen.times;
    recorded_ += times;
    lost_ += waiting_.add(Sighting{std::move(seen), when, times}, settings_.waiting_max);
    if (!stopping_) wake_.notify_one();
  }

  bool flush(Duration at_most) {
    std::unique_lock lock(mutex_);
    const std::uint64_t wanted = recorded_;
    const std::uint64_t failures = failures_;
    hurry_ = true;
    wake_.notify_one();
    changed_.wait_for(lock, at_most, [&] { return written_ + lost_ >= wanted || failures_ != failures; });
    return written_ + lost_ >= wanted;
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  InventoryStats stats() const {
    const std::lock_guard lock(mutex_);
    return {.database = settings_.database,
            .recorded = recorded_,
            .written = written_,
            .waiting = recorded_ - written_ - lost_,
            .lost = lost_,
            .removed = removed_,
            .failures = failures_,
            .failure = failure_};
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    write_batch(lock);  // of nothing: makes the database, or says at once that it cannot be made
    for (bool stopping = false; !stopping;) {
      wait(lock);
      stopping = stopping_;  // before the batch is taken: what came before stop() is in it
      hurry_ = false;
      if (!waiting_.empty() || !failure_.empty() || removal_due()) write_batch(lock);
    }
    if (!waiting_.empty()) warn_lost_at_stop();
  }

  /// Until there is something to write, and then a while for more of it to come; after a failure, longer.
  void wait(std::unique_lock<std::mutex>& lock) {
    const auto urgent = [this] { return stopping_ || hurry_; };
    if (!failure_.empty()) {
      wake_.wait_for(lock, std::chrono::milliseconds(settings_.retry_after_ms), urgent);
      return;
    }
    const auto wanted = [&] { return urgent() || !waiting_.empty(); };
    if (keeps_for_ever()) {
      wake_.wait(lock, wanted);
    } else if (!wake_.wait_for(lock, settings_.look_every, wanted)) {
      return;  // nothing came, but something may have grown too old
    }
    wake_.wait_for(lock, std::chrono::milliseconds(settings_.commit_after_ms), urgent);
  }

  bool keeps_for_ever() const { return settings_.keep == Duration::zero(); }
  bool removal_due() const { return !keeps_for_ever() && clock_.now() >= remove_at_; }

  void write_batch(std::unique_lock<std::mutex>& lock) {
    std::list<Sighting> batch = waiting_.take();
    lock.unlock();
    std::optional<std::string> error = write(batch);
    lock.lock();
    if (error) {
      put_back(std::move(batch));
      const bool first = failure_.empty();
      failure_ = std::move(*error);
      ++failures_;
      if (first) warn_(failure_ + "; sightings are kept in memory and tried again");
    } else {
      for (const Sighting& sighting : batch) written_ += sighting.count;
      if (!failure_.empty()) warn_(settings_.database + ": can be written again");
      failure_.clear();
    }
    changed_.notify_all();
  }

  std::optional<std::string> write(const std::list<Sighting>& batch) {
    if (!database_) {
      auto opened = InventoryDatabase::open(settings_.database);
      if (!opened) return opened.error();
      database_ = std::move(opened).value();
    }
    std::optional<std::string> error = database_->write(batch);
    if (error) {
      database_.reset();  // which also rolls back
    } else if (removal_due()) {
      remove_unseen();
    }
    return error;
  }

  /// After a batch, which may be of what was about to go. A failure is no reason to write that again.
  void remove_unseen() {
    remove_at_ = clock_.now() + settings_.look_every;
    const auto removed = database_->remove_unseen_since(clock_.wall() - settings_.keep);
    if (removed) {
      removed_ += *removed;
    } else {
      warn_(removed.error() + "; nothing is removed from the inventory until it is tried again");
      database_.reset();
    }
  }

  /// What failed comes before what has come since.
  void put_back(std::list<Sighting>&& batch) {
    std::list<Sighting> later = waiting_.take();
    for (std::list<Sighting>* list : {&batch, &later}) {
      for (Sighting& sighting : *list) lost_ += waiting_.add(std::move(sighting), settings_.waiting_max);
    }
  }

  void warn_lost_at_stop() {
    std::uint64_t count = 0;
    for (const Sighting& sighting : waiting_.take()) count += sighting.count;
    lost_ += count;
    warn_(settings_.database + ": " + std::to_string(count) + " sightings could not be written and are lost");
  }

  const InventorySettings settings_;
  const Clock& clock_;
  const std::function<void(std::string_view)> warn_;
  std::unique_ptr<InventoryDatabase> database_;  // the thread's own, as is what follows
  Instant remove_at_{};
  std::atomic<std::uint64_t> removed_{0};

  mutable std::mutex mutex_;
  std::condition_variable wake_;     // to the thread
  std::condition_variable changed_;  // from it
  Waiting waiting_;
  std::uint64_t recorded_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t failures_ = 0;
  std::string failure_;  // of the last write
  bool hurry_ = false;
  bool stopping_ = false;
  std::thread thread_;  // the last member: everything else is there when it starts
};

Inventory::Inventory(const InventorySettings& settings, const Clock& clock,
                     std::function<void(std::string_view)> warn)
    : writer_(std::make_unique<Writer>(settings, clock, std::move(warn))) {}
Inventory::~Inventory() = default;

void Inventory::record(certificate::ObservedCertificate&& seen) { writer_->record(std::move(seen)); }
bool Inventory::flush(Duration at_most) { return writer_->flush(at_most); }
void Inventory::stop() { writer_->stop(); }
InventoryStats Inventory::stats() const { return writer_->stats(); }

}  // namespace limpid::control
