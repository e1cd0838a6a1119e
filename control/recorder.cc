#include "control/recorder.h"

#include "control/session_line.h"
#include "tls_proxy/capture.h"
#include "tls_proxy/session_record.h"

namespace limpid::control {

std::size_t Recorder::pump() {
  return queues_.drain([this](tls::SessionRecord&& record) { take(record); },
                       [this](certificate::ObservedCertificate&& seen) {
                         if (!seen.changed.empty() && changed_.first(seen.changed))
                           log_.warning(seen.changed);
                         if (on_sighting_) on_sighting_(seen);
                         inventory_.record(std::move(seen));
                       },
                       [this](std::unique_ptr<tls::CapturedSession>&& captured) {
                         if (on_captured_) on_captured_(*captured);
                       });
}

void Recorder::take(const tls::SessionRecord& record) {
  ++sessions_finished_;
  const bool failed = record.reason != Reason::none;
  if (failed) ++sessions_failed_;
  log_.info(session_line(record));
  const std::size_t segment = record.facts.segment;
  finished_.push_front(session_row(record, segment < segments_.size() ? segments_[segment] : ""));
  if (finished_.size() > kFinishedMax) finished_.pop_back();
}

}  // namespace limpid::control
