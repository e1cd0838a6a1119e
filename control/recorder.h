// Recorder: what becomes of the workers' records on the control thread: a line in the log for each finished
// session, a place among the sessions that finished lately, a sighting in the inventory, and a warning for
// each server that has changed its certificate. Thread: the control thread alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "control/inventory.h"
#include "control/log.h"
#include "control/record_queues.h"
#include "control/reports.h"
#include "control/said_once.h"

namespace limpid::control {

class Recorder {
 public:
  static constexpr std::size_t kFinishedMax = 1'000;

  /// All references outlive the Recorder. `segments`: their names, in the configuration's order.
  Recorder(RecordQueues& queues, Log& log, Inventory& inventory, std::vector<std::string> segments)
      : queues_(queues), log_(log), inventory_(inventory), segments_(std::move(segments)) {}

  /// Each sighting is told to this one, too.
  using OnSighting = std::function<void(const certificate::ObservedCertificate&)>;
  void tell_sightings(OnSighting on_sighting) { on_sighting_ = std::move(on_sighting); }

  /// Captured sessions go there; until then they are dropped.
  using OnCaptured = std::function<void(const tls::CapturedSession&)>;
  void tell_captured(OnCaptured on_captured) { on_captured_ = std::move(on_captured); }

  /// Takes what waits in the queues. Returns how many records there were.
  std::size_t pump();

  /// The latest first.
  const std::deque<SessionRow>& finished() const { return finished_; }
  std::uint64_t sessions_finished() const { return sessions_finished_; }
  std::uint64_t sessions_failed() const { return sessions_failed_; }

 private:
  void take(const tls::SessionRecord& record);

  RecordQueues& queues_;
  Log& log_;
  Inventory& inventory_;
  std::vector<std::string> segments_;
  SaidOnce changed_;
  OnSighting on_sighting_;
  OnCaptured on_captured_;
  std::deque<SessionRow> finished_;
  std::uint64_t sessions_finished_ = 0;
  std::uint64_t sessions_failed_ = 0;
};

}  // namespace limpid::control
