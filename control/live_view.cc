#include "control/live_view.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <iterator>
#include <optional>
#include <utility>

#include "control/session_line.h"
#include "control/stats_rows.h"
#include "dataplane/flow/flow_engine.h"
#include "dataplane/tool/mirror_interface.h"
#include "dataplane/worker/ask.h"
#include "tls_proxy/interceptor.h"

namespace limpid::control {

namespace {

// A worker answers between two bursts; one that does not within this time is in trouble, and the control
// thread must not hang with it.
constexpr std::chrono::seconds kPatience{2};

std::string_view name(flow::Disposition disposition) {
  switch (disposition) {
    case flow::Disposition::kWatch:
      return "watch";
    case flow::Disposition::kForward:
      return "forward";
    case flow::Disposition::kTerminate:
      return "terminate";
    case flow::Disposition::kDrop:
      return "drop";
  }
  return "";
}

struct WorkerAnswer {
  worker::WorkerCounters worker;
  flow::FlowCounters flows;
  std::size_t stream_chunks = 0;
  std::size_t stream_chunks_max = 0;
  std::size_t buffers_free = 0;
  tls::InterceptorCounters interceptor;
  ToolTotals tools;
};

template <typename Counters>
void add_each(const std::vector<Counters>& more, std::vector<Counters>& sums) {
  sums.resize(std::max(sums.size(), more.size()));
  for (std::size_t i = 0; i < more.size(); ++i) sums[i].add(more[i]);
}

/// On the worker's thread.
WorkerAnswer answer_of(worker::Worker& worker, const WatchedWorker& watched) {
  WorkerAnswer answer;
  answer.worker = worker.counters();
  answer.flows = worker.flows().counters();
  answer.stream_chunks = worker.flows().stream_memory().used();
  answer.stream_chunks_max = worker.flows().stream_memory().limit();
  answer.buffers_free = worker.buffers_free();
  answer.interceptor = watched.interceptor->counters();
  for (const tool::InterfaceMirror* mirror : watched.mirrors)
    answer.tools.mirrors.push_back(mirror != nullptr ? mirror->counters() : tool::MirrorCounters{});
  for (const tool::InlineTool* tool : watched.inline_tools)
    answer.tools.inline_tools.push_back(tool != nullptr ? tool->counters() : tool::InlineToolCounters{});
  for (const tool::ToolGroup* group : watched.groups)
    answer.tools.groups.push_back(group != nullptr ? group->counters() : tool::ToolGroupCounters{});
  return answer;
}

WorkerStats stats_of(const WorkerAnswer& answer, std::uint32_t index, std::int32_t core) {
  WorkerStats stats;
  stats.worker = index;
  stats.core = core;
  stats.busy_ns = static_cast<std::uint64_t>(answer.worker.busy.count());
  stats.total_ns = static_cast<std::uint64_t>(answer.worker.total.count());
  stats.packets = answer.worker.packets;
  stats.bytes = answer.worker.bytes;
  stats.packets_forwarded = answer.flows.packets_forwarded;
  stats.packets_composed = answer.flows.packets_composed;
  stats.packets_dropped = answer.flows.packets_dropped;
  stats.flows = answer.flows.flows;
  stats.flows_adopted = answer.flows.flows_adopted;
  stats.flows_forwarded = answer.flows.flows_forwarded;
  stats.flows_dropped = answer.flows.flows_dropped;
  stats.now_watched = answer.flows.now_watched;
  stats.now_forwarded = answer.flows.now_forwarded;
  stats.now_adopted = answer.flows.now_adopted;
  stats.level = flow::name(answer.flows.pressure.level);
  stats.level_changes = answer.flows.level_changes;
  stats.buffers_max = answer.flows.buffers_max;
  stats.buffers = stats.buffers_max - std::min<std::uint64_t>(answer.buffers_free, stats.buffers_max);
  stats.stream_bytes = answer.stream_chunks * tcp::kChunkSize;
  stats.stream_bytes_max = answer.stream_chunks_max * tcp::kChunkSize;
  return stats;
}

void add(const tls::InterceptorCounters& counters, tls::InterceptorCounters& sum) {
  sum.intercepted += counters.intercepted;
  sum.inbound += counters.inbound;
  sum.changed_certificates += counters.changed_certificates;
  sum.client_resumed += counters.client_resumed;
  sum.server_resumed += counters.server_resumed;
  sum.passed += counters.passed;
  sum.blocked += counters.blocked;
  sum.redialled += counters.redialled;
  sum.late_hits += counters.late_hits;
  sum.issuers_asked += counters.issuers_asked;
  sum.issuers_unanswered += counters.issuers_unanswered;
  sum.learnt_passed += counters.learnt_passed;
  sum.learnt_bytes += counters.learnt_bytes;
  sum.verdict_hits += counters.verdict_hits;
  sum.verdict_misses += counters.verdict_misses;
  sum.forged_hits += counters.forged_hits;
  sum.forged_misses += counters.forged_misses;
}

void add_interceptors(const tls::InterceptorCounters& sum, Stats& stats) {
  stats.more.push_back({"sessions intercepted", sum.intercepted});
  stats.more.push_back({"sessions with a server's own certificate", sum.inbound});
  stats.more.push_back({"sessions with a changed certificate", sum.changed_certificates});
  stats.more.push_back({"client legs resumed", sum.client_resumed});
  stats.more.push_back({"server legs resumed", sum.server_resumed});
  stats.more.push_back({"TLS flows passed", sum.passed});
  stats.more.push_back({"TLS flows blocked", sum.blocked});
  stats.more.push_back({"sessions passed by a second connection", sum.redialled});
  stats.more.push_back({"TLS flows passed by what is remembered", sum.late_hits});
  stats.more.push_back({"sessions that issuers were asked for", sum.issuers_asked});
  stats.more.push_back({"of these, without an answer in time", sum.issuers_unanswered});
  stats.more.push_back({"sessions passed for what was learnt", sum.learnt_passed});
  stats.more.push_back({"bytes not seen because of that", sum.learnt_bytes});
  stats.more.push_back({"chain verdicts from the cache", sum.verdict_hits});
  stats.more.push_back({"chain verdicts made", sum.verdict_misses});
  stats.more.push_back({"forged certificates from the cache", sum.forged_hits});
  stats.more.push_back({"forged certificates made", sum.forged_misses});
}

}  // namespace

LiveView::Slice LiveView::slice_of(worker::Worker& worker, const SessionQuery& query,
                                   std::uint32_t from) const {
  Slice slice;
  const WallTime wall = clock_.wall();
  std::size_t described = 0;
  slice.next = worker.flows().visit_flows(from, kRecordsPerSlice, [&](const flow::FlowView& view) {
    // Forwarded flows are the many; they are not even described unless they were asked for.
    if (!query.wants_finished() && view.summary.disposition == flow::Disposition::kForward) return true;
    const std::size_t segment = view.facts.segment;
    const tls::SessionRecord record =
        tls::Interceptor::describe(view.facts, view.summary, view.session, view.memo, worker.now(), wall);
    SessionRow row = session_row(record, segment < segments_.size() ? segments_[segment] : "");
    row.disposition = name(view.summary.disposition);
    if (!view.client_leg.empty()) {
      const bool tools = !record.tool_a.empty();
      row.state = session_state(view.client_leg, view.server_leg, tools ? record.tool_a : "INIT",
                                tools ? record.tool_b : "INIT");
    }
    if (query.matches(row)) slice.rows.push_back(std::move(row));
    return ++described < kDescribedPerSlice;
  });
  return slice;
}

/// One question's way through one worker's table.
class LiveView::Walk {
 public:
  Walk(const LiveView& view, worker::Worker& worker, const SessionQuery& query)
      : view_(view), worker_(worker), query_(query) {}

  bool over() const { return next_ == flow::FlowEngine::kAllVisited || rows_.size() >= query_.limit; }
  void ask_on() {
    if (over()) return;
    answer_ =
        worker::put<Slice>(worker_, [&view = view_, query = query_, from = next_](worker::Worker& worker) {
          return view.slice_of(worker, query, from);
        });
  }
  /// A worker that does not answer is left at what it has said so far.
  void take() {
    if (over()) return;
    std::optional<Slice> slice = worker::answer_within(answer_, kPatience);
    next_ = slice ? slice->next : flow::FlowEngine::kAllVisited;
    if (slice) std::move(slice->rows.begin(), slice->rows.end(), std::back_inserter(rows_));
  }
  std::vector<SessionRow>& rows() { return rows_; }

 private:
  const LiveView& view_;
  worker::Worker& worker_;
  const SessionQuery& query_;
  std::uint32_t next_ = 0;
  std::future<Slice> answer_;
  std::vector<SessionRow> rows_;
};

std::vector<SessionRow> LiveView::sessions(const SessionQuery& query,
                                           const std::function<void()>& meanwhile) const {
  std::vector<Walk> walks;
  for (const WatchedWorker& watched : workers_) walks.emplace_back(*this, *watched.worker, query);
  while (!std::all_of(walks.begin(), walks.end(), [](const Walk& walk) { return walk.over(); })) {
    for (Walk& walk : walks) walk.ask_on();  // all of them at once, then
    meanwhile();
    for (Walk& walk : walks) walk.take();
  }
  std::vector<SessionRow> all;
  for (Walk& walk : walks) {
    const std::size_t room = std::min(walk.rows().size(), query.limit - all.size());
    std::move(walk.rows().begin(), walk.rows().begin() + static_cast<std::ptrdiff_t>(room),
              std::back_inserter(all));
  }
  return all;
}

void LiveView::report_repetitions(const std::function<void()>& meanwhile) const {
  for (const WatchedWorker& watched : workers_) {
    std::optional<std::size_t> places;
    do {
      places = worker::ask<std::size_t>(
          *watched.worker,
          [interceptor = watched.interceptor](worker::Worker&) {
            return interceptor->report_repetitions(kRepetitionsPerCommand);
          },
          kPatience);
      meanwhile();
    } while (places.value_or(0) == kRepetitionsPerCommand);
  }
}

ToolTotals LiveView::add_stats(Stats& stats) const {
  std::vector<std::future<WorkerAnswer>> answers;
  for (const WatchedWorker& watched : workers_) {
    answers.push_back(worker::put<WorkerAnswer>(
        *watched.worker, [&watched](worker::Worker& self) { return answer_of(self, watched); }));
  }
  ToolTotals tools;
  tls::InterceptorCounters interceptors;
  std::uint64_t silent = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::optional<WorkerAnswer> answer = worker::answer_within(answers[i], kPatience);
    if (!answer) {
      ++silent;
      continue;
    }
    stats.workers.push_back(stats_of(*answer, static_cast<std::uint32_t>(i), workers_[i].core));
    add_reasons(stats, answer->flows.reasons);
    add_reasons(stats, answer->worker.reasons);
    add(answer->interceptor, interceptors);
    add_each(answer->tools.mirrors, tools.mirrors);
    add_each(answer->tools.inline_tools, tools.inline_tools);
    add_each(answer->tools.groups, tools.groups);
  }
  add_interceptors(interceptors, stats);
  if (silent > 0) stats.more.push_back({"workers that did not answer", silent});
  return tools;
}

}  // namespace limpid::control
