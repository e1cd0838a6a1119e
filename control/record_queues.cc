#include "control/record_queues.h"

#include <atomic>
#include <utility>
#include <vector>

#include "dataplane/base/queue.h"
#include "tls_proxy/capture.h"
#include "tls_proxy/session_record.h"

namespace limpid::control {

namespace {

class WorkerQueues final : public tls::RecordSink {
 public:
  explicit WorkerQueues(const RecordQueuesSettings& settings)
      : sessions(settings.sessions_max),
        certificates(settings.certificates_max),
        captured(settings.captured_max) {}

  void on_session(tls::SessionRecord&& record) override {
    if (!sessions.push(std::move(record))) lost.fetch_add(1, std::memory_order_relaxed);
  }
  void on_certificate(certificate::ObservedCertificate&& seen) override {
    if (!certificates.push(std::move(seen))) lost.fetch_add(1, std::memory_order_relaxed);
  }

  void on_captured(std::unique_ptr<tls::CapturedSession> session) override {
    if (!captured.push(std::move(session))) lost.fetch_add(1, std::memory_order_relaxed);
  }

  SpscQueue<tls::SessionRecord> sessions;
  SpscQueue<certificate::ObservedCertificate> certificates;
  SpscQueue<std::unique_ptr<tls::CapturedSession>> captured;
  std::atomic<std::uint64_t> lost{0};
};

/// No more than were there when it began, so that a busy worker cannot keep the control thread for ever.
template <typename T>
std::size_t empty(SpscQueue<T>& queue, const std::function<void(T&&)>& take) {
  std::size_t taken = 0;
  for (; taken < queue.capacity(); ++taken) {
    std::optional<T> item = queue.pop();
    if (!item) break;
    take(std::move(*item));
  }
  return taken;
}

}  // namespace

class RecordQueues::Queues {
 public:
  explicit Queues(const RecordQueuesSettings& settings) {
    for (std::size_t i = 0; i < settings.workers; ++i)
      of_worker.push_back(std::make_unique<WorkerQueues>(settings));
  }
  std::vector<std::unique_ptr<WorkerQueues>> of_worker;
};

RecordQueues::RecordQueues(const RecordQueuesSettings& settings)
    : queues_(std::make_unique<Queues>(settings)) {}
RecordQueues::~RecordQueues() = default;

tls::RecordSink& RecordQueues::for_worker(std::size_t index) { return *queues_->of_worker.at(index); }

std::size_t RecordQueues::drain(
    const std::function<void(tls::SessionRecord&&)>& on_session,
    const std::function<void(certificate::ObservedCertificate&&)>& on_certificate,
    const std::function<void(std::unique_ptr<tls::CapturedSession>&&)>& on_captured) {
  std::size_t drained = 0;
  for (const auto& worker : queues_->of_worker) {
    drained += empty(worker->certificates, on_certificate);
    drained += empty(worker->sessions, on_session);
    drained += empty(worker->captured, on_captured);
  }
  return drained;
}

std::uint64_t RecordQueues::lost() const {
  std::uint64_t lost = 0;
  for (const auto& worker : queues_->of_worker) lost += worker->lost.load(std::memory_order_relaxed);
  return lost;
}

}  // namespace limpid::control
