// RecordQueues: how workers hand over what they have to tell (finished sessions, certificates seen) without
// ever waiting: a bounded queue for each worker. A full queue loses the record and counts it
// (Reason::record_queue_full). The control thread empties them with drain().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace limpid::certificate {
struct ObservedCertificate;
}  // namespace limpid::certificate
namespace limpid::tls {
struct CapturedSession;
struct SessionRecord;
class RecordSink;
}  // namespace limpid::tls

namespace limpid::control {

struct RecordQueuesSettings {
  std::size_t workers = 1;
  std::size_t sessions_max = 8'192;      // waiting, of each worker
  std::size_t certificates_max = 2'048;  // waiting, of each worker
  std::size_t captured_max = 256;        // waiting, of each worker
};

class RecordQueues {
 public:
  explicit RecordQueues(const RecordQueuesSettings& settings);
  ~RecordQueues();
  RecordQueues(const RecordQueues&) = delete;
  RecordQueues& operator=(const RecordQueues&) = delete;

  /// For worker number `index`, on its thread only. Valid as long as this object.
  tls::RecordSink& for_worker(std::size_t index);
  /// Control thread: hands every waiting record over. Returns how many there were.
  std::size_t drain(const std::function<void(tls::SessionRecord&&)>& on_session,
                    const std::function<void(certificate::ObservedCertificate&&)>& on_certificate,
                    const std::function<void(std::unique_ptr<tls::CapturedSession>&&)>& on_captured);
  /// Records lost so far, all workers together. Any thread.
  std::uint64_t lost() const;

 private:
  class Queues;
  std::unique_ptr<Queues> queues_;
};

}  // namespace limpid::control
