// The wiring: every part of limpid is made here, in the order in which they need each other, and unmade in
// the opposite order. Nothing else constructs more than its own.
#include "control/appliance.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "config/configuration.h"
#include "config/effective.h"
#include "control/backend.h"
#include "control/control_socket.h"
#include "control/cores.h"
#include "control/fetch_thread.h"
#include "control/handshake_capture.h"
#include "control/http_get.h"
#include "control/inline_tools.h"
#include "control/inventory.h"
#include "control/knowledge_keeper.h"
#include "control/learnt_keeper.h"
#include "control/ledger_file.h"
#include "control/level_watch.h"
#include "control/list_fetcher.h"
#include "control/live_view.h"
#include "control/log.h"
#include "control/masking.h"
#include "control/material.h"
#include "control/mirrors.h"
#include "control/record_queues.h"
#include "control/recorder.h"
#include "control/stats_rows.h"
#include "control/status_asker.h"
#include "control/tool_watch.h"
#include "control/version.h"
#include "dataplane/base/random.h"
#include "dataplane/base/system_clock.h"
#include "dataplane/nic/runtime.h"
#include "dataplane/tool/mapped_mirror.h"
#include "dataplane/tool/mirror_interface.h"
#include "dataplane/tool/mirror_key_log.h"
#include "dataplane/tool/queued_mirror.h"
#include "dataplane/tool/sampled_mirror.h"
#include "dataplane/worker/fabric.h"
#include "dataplane/worker/sleeper.h"
#include "dataplane/worker/worker.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/interceptor.h"
#include "tls_proxy/late_verdicts.h"
#include "tls_proxy/learnt_table.h"
#include "tls_proxy/resumption.h"

namespace limpid::control {

namespace {

constexpr int kExitRuntime = 1;
constexpr int kExitConfiguration = 2;
constexpr std::size_t kRepetitionsAtOnce = 1'024;  // fewer than a worker's queue of certificates takes
constexpr Duration kServeStep = std::chrono::milliseconds(50);  // records are taken in at least so often

/// Why it does not start, and what that means for the exit code.
struct StartFailure {
  int exit_code = kExitRuntime;
  std::string sentence;
};
using Started = Result<bool, StartFailure>;

StartFailure runtime_failure(std::string sentence) { return {kExitRuntime, std::move(sentence)}; }
StartFailure configuration_failure(std::string sentence) { return {kExitConfiguration, std::move(sentence)}; }

nic::PortSettings port_settings(const config::Port& port) {
  nic::PortSettings settings;
  settings.interface = port.interface;
  settings.pci = port.pci;
  if (port.memif) {
    const bool server = port.memif->role == config::MemifRole::kServer;
    settings.memif = {.socket = port.memif->socket,
                      .role = server ? nic::MemifRole::kServer : nic::MemifRole::kClient,
                      .id = port.memif->id};
  }
  switch (port.driver) {
    case config::Driver::kAfPacket:
      settings.driver = nic::PortDriver::kAfPacket;
      break;
    case config::Driver::kAfXdp:
      settings.driver = nic::PortDriver::kAfXdp;
      break;
    case config::Driver::kTap:
      settings.driver = nic::PortDriver::kTap;
      break;
  }
  return settings;
}

certificate::RevocationMode revocation_mode(config::Revocation revocation) {
  switch (revocation) {
    case config::Revocation::kOff:
      return certificate::RevocationMode::kOff;
    case config::Revocation::kSoft:
      return certificate::RevocationMode::kSoft;
    case config::Revocation::kHard:
      return certificate::RevocationMode::kHard;
  }
  return certificate::RevocationMode::kSoft;
}

/// Signals come as bytes to read, so that nothing ever runs in a signal handler. Blocked before any thread
/// starts: threads inherit the mask.
class Signals {
 public:
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c): it cannot fail for SIGPIPE
    descriptor_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  }
  ~Signals() { close(descriptor_); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Readable while a signal waits.
  int descriptor() const { return descriptor_; }
  /// The next that came: SIGTERM, SIGINT or SIGHUP.
  std::optional<int> take() {
    signalfd_siginfo info{};
    if (read(descriptor_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
    return static_cast<int>(info.ssi_signo);
  }

 private:
  int descriptor_ = -1;
};

class Appliance final : public Backend {
 public:
  explicit Appliance(Startable startable)
      : configuration_(std::move(startable.configuration)), material_(std::move(startable.material)) {}
  Appliance(const Appliance&) = delete;
  Appliance& operator=(const Appliance&) = delete;
  ~Appliance() override { stop(); }

  /// Everything but the workers' threads, in the order of need.
  Started prepare();
  void run(Signals& signals);
  Log* log() { return log_.get(); }

  // --- Backend ---
  std::vector<SessionRow> sessions(const SessionQuery& query) override;
  std::vector<CertificateRow> certificates(const CertificateQuery& query) override;
  Stats stats() override;
  Result<ServiceChange, std::string> set_service(const std::string& tool, bool in_service) override {
    if (!tool_watch_) return Failure{std::string("limpid is only just starting")};
    return tool_watch_->set_service(tool, in_service);
  }
  Result<CaptureProgress, std::string> capture(const CaptureQuery& query) override {
    if (!capture_) return Failure{std::string("limpid is only just starting")};
    auto begun = capture_->start(query);
    if (begun) {
      log_->info("capture " + std::to_string(begun->number) + " begins" +
                 (query.secrets ? ", with the secrets of its sessions" : ""));
    }
    return begun;
  }
  Result<CaptureProgress, std::string> captured(std::uint64_t number, bool stop) override {
    if (!capture_) return Failure{std::string("this capture has ended")};
    recorder_->pump();
    return capture_->fetch(number, stop);
  }

  std::vector<LearntRow> learnt(const LearntQuery& query) override {
    return learnt_keeper_ ? learnt_keeper_->rows(query) : std::vector<LearntRow>();
  }
  Result<LearntRow, std::string> judge_learnt(const std::string& id, LearntVerdict verdict) override {
    if (!learnt_keeper_) return Failure{std::string("nothing is learnt: tls.learning and all rules say off")};
    return learnt_keeper_->judge(id, verdict);
  }
  Version version() override { return built_version(); }

 private:
  Started start_runtime();
  Started open_tools();
  Started open_key_log();
  tls::InterceptorParts shared_parts();
  Started make_workers();
  Started open_ledger();
  void run_worker(std::size_t index);
  bool told_to_stop(Signals& signals);
  void stop();

  std::vector<std::string> segment_names() const { return config::names(configuration_).segments; }
  flow::FlowEngineSettings flow_settings(std::size_t index) const;

  config::Configuration configuration_;
  Material material_;
  SystemClock clock_;
  SystemRandom random_;
  Instant started_ = clock_.now();

  std::unique_ptr<Log> log_;
  std::unique_ptr<LedgerFile> ledger_file_;
  std::unique_ptr<Inventory> inventory_;
  std::unique_ptr<RecordQueues> records_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<nic::Runtime> runtime_;
  std::map<std::size_t, worker::PortIndex>
      tool_port_;  // by tool: its port, or side A of an inline tool; B is next
  std::vector<std::unique_ptr<tool::QueuedMirror>> queued_;  // by tool; null: on a port, or inline
  std::unique_ptr<tool::QueuedMirror> key_log_;              // null: secrets are not logged
  std::vector<MaskMaker> masks_;                             // by tool
  std::uint64_t sample_key_ = random_.next();
  std::unique_ptr<InlineTools> inline_tools_;
  std::unique_ptr<ToolWatch> tool_watch_;
  std::shared_ptr<tls::LateVerdicts> late_verdicts_ = std::make_shared<tls::LateVerdicts>();
  std::shared_ptr<tls::LearntTable> learnt_;
  std::unique_ptr<LearntKeeper> learnt_keeper_;
  std::unique_ptr<ListFetcher> fetcher_;
  std::unique_ptr<KnowledgeKeeper> knowledge_;
  std::unique_ptr<FetchThread> fetching_;
  std::shared_ptr<certificate::LiveStatus> live_status_;  // null: no issuer is asked
  std::unique_ptr<StatusAsker> asker_;
  std::unique_ptr<worker::Fabric> fabric_;

  /// What one worker owns, made here and used on its thread.
  struct WorkerParts {
    worker::PollSleeper sleeper;
    std::unique_ptr<flow::Ledger> ledger;
    std::unique_ptr<worker::Worker> worker;
    std::vector<std::unique_ptr<tool::SampledMirror>> samples;       // by tool; null: gets every session
    std::vector<std::unique_ptr<tool::SampledMirror>> leg_samples;   // the same, of the client leg
    std::vector<std::unique_ptr<tool::MappedMirror>> mapped;         // of those with other ports
    std::vector<std::unique_ptr<tool::InterfaceMirror>> interfaces;  // by tool; null: not an interface
    std::unique_ptr<tool::SecretsMirror> key_log;                    // null: secrets are not logged
    InlineTools::OfWorker inline_tools;
    std::unique_ptr<tls::Interceptor> interceptor;
    std::thread thread;
  };
  tool::Mirror& sampled(tool::Mirror& mirror, std::unique_ptr<tool::SampledMirror>& front,
                        std::uint32_t share) const;
  static tool::Mirror& mapped(tool::Mirror& mirror, WorkerParts& parts, const config::Mirror& of);
  void attach_mirror(tool::Mirror& mirror, WorkerParts& parts, std::size_t tool, tls::ToolPart& made) const;
  std::uint64_t left_out(std::size_t tool) const;
  std::vector<tls::ToolPart> attach_tools(WorkerParts& parts, std::size_t worker);
  void make_fabric();
  WatchedWorker watched(std::size_t index) const;
  void watch_tools();
  std::shared_ptr<tls::Resumption> make_resumption();
  void make_learning();
  std::shared_ptr<const certificate::Knowledge> gather_knowledge();
  bool tell_workers(const std::shared_ptr<const certificate::Knowledge>& knowledge);
  void make_capture();
  std::vector<std::unique_ptr<WorkerParts>> workers_;
  std::unique_ptr<LiveView> live_;
  std::unique_ptr<HandshakeCapture> capture_;
  std::unique_ptr<ControlSocket> socket_;
};

Started Appliance::start_runtime() {
  nic::RuntimeSettings settings;
  settings.cores = configuration_.dataplane.cores;
  settings.memory_bytes = configuration_.dataplane.memory_bytes;
  for (const config::Segment& segment : configuration_.segments) {
    settings.ports.push_back(port_settings(segment.client_side));
    settings.ports.push_back(port_settings(segment.server_side));
  }
  for (std::size_t i = 0; i < configuration_.tools.size(); ++i) {
    const config::Tool& tool = configuration_.tools[i];
    if (!tool.mirror.port && !tool.inline_tool) continue;
    tool_port_[i] = static_cast<worker::PortIndex>(settings.ports.size());
    settings.ports.push_back(port_settings(tool.inline_tool ? tool.inline_tool->side_a : *tool.mirror.port));
    if (tool.inline_tool) settings.ports.push_back(port_settings(tool.inline_tool->side_b));
  }
  settings.log = [this](nic::LogLevel level, std::string_view line) {
    const std::string text = "dpdk: " + std::string(line);
    if (level == nic::LogLevel::kError || level == nic::LogLevel::kWarning) log_->warning(text);
    if (level == nic::LogLevel::kInfo || level == nic::LogLevel::kDebug) log_->debug(text);
  };
  settings.news = [this](nic::LogLevel level, std::string_view line) {
    level == nic::LogLevel::kInfo ? log_->info(line) : log_->warning(line);
  };
  Result<std::unique_ptr<nic::Runtime>, std::string> runtime = nic::Runtime::start(settings);
  if (!runtime) return Failure{runtime_failure(runtime.error())};
  runtime_ = std::move(runtime).value();
  for (const std::string& warning : runtime_->warnings()) log_->warning(warning);
  return true;
}

Started Appliance::open_tools() {
  for (const config::Tool& tool : configuration_.tools) {
    Result<MaskMaker, std::string> masks = MaskMaker::compile(tool.mirror.mask);
    if (!masks) return Failure{runtime_failure("tool " + tool.name + ": " + masks.error())};
    masks_.push_back(std::move(masks).value());
    Result<std::unique_ptr<tool::QueuedMirror>, std::string> mirror =
        open_mirror(tool, masks_.back(), configuration_.dataplane.cores.size(), clock_,
                    [this](std::string_view line) { log_->warning(line); });
    if (!mirror) return Failure{runtime_failure(mirror.error())};
    queued_.push_back(std::move(mirror).value());
  }
  return true;
}

Started Appliance::open_key_log() {
  if (configuration_.tls.key_log.file.empty()) return true;
  tool::KeyLogSettings settings{.path = configuration_.tls.key_log.file};
  settings.queue.workers = configuration_.dataplane.cores.size();
  auto log = tool::open_key_log(
      settings, clock_, [this](std::string_view line) { log_->warning("key log: " + std::string(line)); });
  if (!log) return Failure{runtime_failure(log.error())};
  key_log_ = std::move(log).value();
  return true;
}

Started Appliance::open_ledger() {
  const std::size_t workers = configuration_.dataplane.cores.size();
  const auto entries = static_cast<std::uint32_t>(configuration_.dataplane.sessions_max / workers + 1);
  Result<std::unique_ptr<LedgerFile>, std::string> ledger =
      LedgerFile::open(configuration_.dataplane.ledger, workers, entries);
  if (!ledger) return Failure{runtime_failure(ledger.error())};
  ledger_file_ = std::move(ledger).value();
  if (!ledger_file_->orphans().empty()) {
    log_->warning("limpid did not stop in good order: " + std::to_string(ledger_file_->orphans().size()) +
                  " intercepted sessions of that time are reset");
  }
  return true;
}

/// One worker's share; 0 stays 0: no limit.
std::uint32_t share_of(std::uint32_t limit, std::uint32_t workers) {
  return limit / workers + (limit % workers != 0 ? 1 : 0);
}

flow::FlowEngineSettings Appliance::flow_settings(std::size_t index) const {
  const config::Dataplane& dataplane = configuration_.dataplane;
  const auto workers = static_cast<std::uint32_t>(dataplane.cores.size());
  flow::FlowEngineSettings settings;
  settings.flows_max = std::max(dataplane.flows_max / workers, 64U);
  settings.adopted_max = std::max(dataplane.sessions_max / workers, 1U);
  settings.watched_max = std::max(settings.flows_max / 2, 64U);
  settings.client_adopted_max = share_of(dataplane.limits.client_sessions_max, workers);
  settings.client_watched_max = share_of(dataplane.limits.client_watched_max, workers);
  settings.at_limit =
      dataplane.limits.at_limit == config::AtLimit::kReset ? flow::AtLimit::kReset : flow::AtLimit::kPass;
  settings.stream_chunks_max = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(dataplane.stream_memory_bytes / workers / tcp::kChunkSize, UINT32_MAX));
  for (std::size_t segment = 0; segment < configuration_.segments.size(); ++segment) {
    settings.mtu.push_back(
        std::min(runtime_->port(2 * segment).mtu(), runtime_->port(2 * segment + 1).mtu()));
  }
  settings.keep_passed = configuration_.policy.detours_flows();
  settings.ledger = workers_[index]->ledger.get();
  return settings;
}

/// The mirror, or in front of it what leaves sessions out.
tool::Mirror& Appliance::sampled(tool::Mirror& mirror, std::unique_ptr<tool::SampledMirror>& front,
                                 std::uint32_t share) const {
  if (share == config::kShareAll) return mirror;
  front = std::make_unique<tool::SampledMirror>(mirror, share, sample_key_);
  return *front;
}

/// The mirror, or in front of it what tells it of other ports.
tool::Mirror& Appliance::mapped(tool::Mirror& mirror, WorkerParts& parts, const config::Mirror& of) {
  using Others = tool::MappedMirror::Others;
  const bool both = of.content == config::Content::kBoth;
  if (of.port_map.empty() && !both) return mirror;
  return *parts.mapped.emplace_back(
      std::make_unique<tool::MappedMirror>(mirror, of.port_map, both ? Others::kShifted : Others::kStay));
}

void Appliance::attach_mirror(tool::Mirror& mirror, WorkerParts& parts, std::size_t tool,
                              tls::ToolPart& made) const {
  const config::Mirror& of = configuration_.tools[tool].mirror;
  if (of.content != config::Content::kCiphertext)
    made.mirror = &sampled(mapped(mirror, parts, of), parts.samples[tool], of.share);
  if (of.content != config::Content::kPlaintext)
    made.leg_mirror = &sampled(mirror, parts.leg_samples[tool], of.share);
}

/// The tools as one worker sees them.
std::vector<tls::ToolPart> Appliance::attach_tools(WorkerParts& parts, std::size_t worker) {
  std::vector<tls::ToolPart> made(configuration_.tools.size());
  parts.samples.resize(configuration_.tools.size());
  parts.leg_samples.resize(configuration_.tools.size());
  parts.interfaces.resize(configuration_.tools.size());
  parts.inline_tools = inline_tools_->attach_to(*parts.worker);
  for (std::size_t i = 0; i < configuration_.tools.size(); ++i) {
    made[i].group = parts.inline_tools.groups[i].get();
    made[i].after_tools = configuration_.tools[i].mirror.at == config::CopyAt::kAfterTools;
    if (queued_[i]) {
      attach_mirror(queued_[i]->for_worker(worker), parts, i, made[i]);
    } else if (made[i].group == nullptr) {
      parts.interfaces[i] = std::make_unique<tool::InterfaceMirror>(parts.worker->output_to(tool_port_.at(i)),
                                                                    masks_[i].make());
      attach_mirror(*parts.interfaces[i], parts, i, made[i]);
    }
  }
  return made;
}

void Appliance::make_fabric() {
  worker::FabricSettings fabric;
  fabric.workers = configuration_.dataplane.cores.size();
  fabric.hash_secret = random_.next();
  fabric.ports_change = config::inline_ports_mapped(configuration_);
  for (std::size_t segment = 0; segment < configuration_.segments.size(); ++segment) {
    fabric.segments.push_back(
        {static_cast<worker::PortIndex>(2 * segment), static_cast<worker::PortIndex>(2 * segment + 1)});
  }
  for (const auto& [tool, port] : tool_port_) {
    const std::optional<config::InlineTool>& of = configuration_.tools[tool].inline_tool;
    if (of) fabric.tools.push_back({port, static_cast<worker::PortIndex>(port + 1), tags_of(*of)});
  }
  std::vector<nic::Port*> ports;
  for (std::size_t i = 0; i < runtime_->ports(); ++i) ports.push_back(&runtime_->port(i));
  fabric_ = std::make_unique<worker::Fabric>(std::move(ports), fabric);
}

/// What LiveView looks at.
WatchedWorker Appliance::watched(std::size_t index) const {
  const WorkerParts& parts = *workers_[index];
  WatchedWorker watched;
  watched.worker = parts.worker.get();
  watched.interceptor = parts.interceptor.get();
  watched.core = configuration_.dataplane.cores[index];
  for (const auto& mirror : parts.interfaces) watched.mirrors.push_back(mirror.get());
  for (const auto& tool : parts.inline_tools.tools) watched.inline_tools.push_back(tool.get());
  for (const auto& group : parts.inline_tools.groups) watched.groups.push_back(group.get());
  return watched;
}

/// Null: nothing is resumed.
std::shared_ptr<tls::Resumption> Appliance::make_resumption() {
  const config::Resumption& of = configuration_.tls.resumption;
  if (!of.on) return nullptr;
  return tls::Resumption::make({of.sessions_max, of.lifetime, of.ticket_key_period}, random_, clock_);
}

/// Where nothing is forged, or no rule learns, there is none.
void Appliance::make_learning() {
  const config::Learning& of = configuration_.tls.learning;
  const std::vector<policy::Rule>& rules = configuration_.policy.rules;
  const bool any = of.mode != policy::Learning::kOff ||
                   std::any_of(rules.begin(), rules.end(), [](const policy::Rule& rule) {
                     return rule.learning.value_or(policy::Learning::kOff) != policy::Learning::kOff;
                   });
  if (!any || !material_.signing) return;
  learnt_ = std::make_shared<tls::LearntTable>(tls::LearningSettings{.failures = of.failures,
                                                                     .clients = of.clients,
                                                                     .within = of.within,
                                                                     .bypass = of.bypass,
                                                                     .bypass_max = of.bypass_max,
                                                                     .entries_max = of.entries_max},
                                               clock_, SipKey{random_.next(), random_.next()});
  LearntSurroundings surroundings{
      .file = of.file,
      .signing =
          certificate::hex(certificate::fingerprint_of(material_.signing->trusted().certificate.get())),
      .segments = segment_names(),
      .rules = {std::string(policy::kDefaultRuleName)},
      .policy = certificate::hex(certificate::fingerprint_of(config::render_policy(configuration_)))};
  for (const policy::Rule& rule : rules) surroundings.rules.push_back(rule.name);
  learnt_keeper_ = std::make_unique<LearntKeeper>(
      *learnt_, std::move(surroundings), clock_,
      [this](bool grave, const std::string& line) { grave ? log_->warning(line) : log_->info(line); });
  learnt_keeper_->load();
}

/// What is known of certificates at the start.
std::shared_ptr<const certificate::Knowledge> Appliance::gather_knowledge() {
  certificate::KnowledgeBase base(material_.trust);
  base.preload(std::move(material_.intermediates));
  knowledge_ = std::make_unique<KnowledgeKeeper>(std::move(base), configuration_.tls.revocation_lists, clock_,
                                                 [this](const std::string& line) { log_->warning(line); });
  recorder_->tell_sightings(
      [this](const certificate::ObservedCertificate& seen) { knowledge_->on_sighting(seen); });
  if (configuration_.tls.revocation_fetch && configuration_.tls.revocation != config::Revocation::kOff) {
    fetcher_ = std::make_unique<ListFetcher>(
        [this](const std::string& url) -> Result<std::string, std::string> {
          auto got = http_get(url, {}, clock_);
          if (!got) return Failure{got.error().sentence};
          return std::move(got).value();
        },
        clock_);
    knowledge_->fetch_by(*fetcher_);
    fetching_ = std::make_unique<FetchThread>(*fetcher_);
  }
  if (configuration_.tls.revocation_ask && configuration_.tls.revocation != config::Revocation::kOff) {
    live_status_ = std::make_shared<certificate::LiveStatus>(clock_);
    const HttpLimits limits{.body_max = certificate::PresentedChain::kStapleBytesMax};
    asker_ = std::make_unique<StatusAsker>(
        *live_status_, [this, limits](const std::string& url) { return http_get(url, limits, clock_); },
        [this](const std::string& line) { log_->warning(line); });
  }
  return knowledge_->at_start();
}

bool Appliance::tell_workers(const std::shared_ptr<const certificate::Knowledge>& knowledge) {
  bool told = true;
  for (const auto& parts : workers_) {
    tls::Interceptor* interceptor = parts->interceptor.get();
    told = parts->worker->post([interceptor, knowledge](worker::Worker&) { interceptor->know(knowledge); }) &&
           told;
  }
  return told;
}

void Appliance::make_capture() {
  capture_ =
      std::make_unique<HandshakeCapture>(clock_, [this](const std::shared_ptr<tls::CaptureOrder>& order) {
        bool told = true;
        for (const auto& parts : workers_) {
          tls::Interceptor* interceptor = parts->interceptor.get();
          told = parts->worker->post([interceptor, order](worker::Worker&) {
            interceptor->capture(order);
          }) && told;
        }
        return told;
      });
  recorder_->tell_captured([this](const tls::CapturedSession& session) { capture_->take(session); });
}

void Appliance::watch_tools() {
  std::vector<worker::Worker*> workers;
  for (const auto& parts : workers_) workers.push_back(parts->worker.get());
  tool_watch_ = inline_tools_->watch(
      workers,
      [this](std::size_t worker, std::size_t tool) {
        return workers_[worker]->inline_tools.tools[tool].get();
      },
      [this](bool grave, const std::string& line) { grave ? log_->warning(line) : log_->info(line); });
}

namespace {

/// Null where there are none.
std::shared_ptr<const tls::ClientKeys> client_keys_of(const config::Configuration& configuration,
                                                      const Material& material) {
  if (!material.client_keys) return nullptr;
  std::vector<std::vector<std::string>> hosts;
  for (const config::ClientKey& each : configuration.tls.client_certificates) hosts.push_back(each.hosts);
  return std::make_shared<tls::ClientKeys>(std::move(hosts), material.client_keys);
}

tls::InterceptorSettings interceptor_settings(const config::Tls& tls) {
  tls::InterceptorSettings settings;
  settings.versions = tls.versions;
  settings.treatments = tls.verification;
  settings.ech_fronts = tls.ech_fronts;
  settings.live_status_max = tls.revocation_wait;
  settings.key_log_hosts = tls.key_log.hosts;
  settings.client_certificate = tls.client_certificate;
  settings.learning = tls.learning.mode;
  settings.verification.intermediates_max = static_cast<int>(tls.intermediates_max);
  settings.verification.revocation = revocation_mode(tls.revocation);
  for (const config::StarttlsPort& port : tls.starttls_ports)
    settings.starttls.emplace(port.port, port.protocol);
  return settings;
}

}  // namespace

/// What all workers' interceptors have in common.
tls::InterceptorParts Appliance::shared_parts() {
  tls::InterceptorParts parts;
  parts.rules = material_.rules;
  parts.trust = material_.trust;
  parts.signing = material_.signing;
  if (material_.inbound) {
    parts.inbound =
        std::make_shared<tls::InboundKeys>(config::own_servers(configuration_), material_.inbound);
  }
  parts.client_keys = client_keys_of(configuration_, material_);
  parts.knowledge = gather_knowledge();
  parts.random = &random_;
  parts.clock = &clock_;
  parts.resumption = make_resumption();
  parts.live_status = live_status_;
  parts.late_verdicts = late_verdicts_;
  parts.learnt = learnt_;
  return parts;
}

Started Appliance::make_workers() {
  const std::size_t count = configuration_.dataplane.cores.size();
  make_fabric();
  // Of a segment that is no more there is no port to speak through.
  std::vector<flow::LedgerEntry> orphans = ledger_file_->orphans();
  std::erase_if(orphans, [segments = configuration_.segments.size()](const flow::LedgerEntry& entry) {
    return entry.facts.segment >= segments;
  });
  inline_tools_ = std::make_unique<InlineTools>(
      InlineTools::Surroundings{configuration_, *runtime_, tool_port_, random_, clock_});
  std::vector<WatchedWorker> watched_workers;
  make_learning();
  const tls::InterceptorParts shared = shared_parts();
  const tls::InterceptorSettings tls_settings = interceptor_settings(configuration_.tls);
  for (std::size_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<WorkerParts>());
    WorkerParts& parts = *workers_.back();
    parts.ledger = std::make_unique<flow::Ledger>(ledger_file_->memory(i));
    worker::WorkerSettings settings;
    settings.index = i;
    settings.flow = flow_settings(i);
    settings.idle =
        configuration_.dataplane.idle == config::Idle::kBusy ? worker::Idle::kBusy : worker::Idle::kAdaptive;
    settings.stop_grace = configuration_.dataplane.drain;
    parts.worker = std::make_unique<worker::Worker>(
        settings, worker::WorkerSurroundings{*fabric_, runtime_->pool(), random_, clock_, parts.sleeper});

    tls::InterceptorParts interceptor = shared;
    interceptor.records = &records_->for_worker(i);
    interceptor.tools = attach_tools(parts, i);
    if (key_log_) parts.key_log = std::make_unique<tool::SecretsMirror>(key_log_->for_worker(i));
    interceptor.key_log = parts.key_log.get();
    Result<std::unique_ptr<tls::Interceptor>, std::string> opened =
        tls::Interceptor::open(tls_settings, std::move(interceptor));
    if (!opened) return Failure{runtime_failure(opened.error())};
    parts.interceptor = std::move(opened).value();
    parts.worker->attach(*parts.interceptor);
    parts.worker->flows().restore(orphans, {.index = i, .of = count}, clock_.now());
    watched_workers.push_back(watched(i));
  }
  watch_tools();
  make_capture();
  live_ = std::make_unique<LiveView>(std::move(watched_workers), segment_names(), clock_);
  return true;
}

Started Appliance::prepare() {
  if (configuration_.dataplane.cores.empty())
    configuration_.dataplane.cores = default_worker_cores(std::thread::hardware_concurrency());
  const bool beside = stay_beside(configuration_.dataplane.cores);
  Result<std::unique_ptr<Log>, std::string> log =
      Log::open({std::string(config::name(configuration_.logging.level)), configuration_.logging.file});
  if (!log) return Failure{configuration_failure(log.error())};
  log_ = std::move(log).value();
  for (const config::ConfigError& warning : configuration_.warnings) log_->warning(config::text(warning));
  if (!beside) log_->warning("other threads cannot be kept off the workers' cores");

  // The socket first of what others can see: a second limpid on the same configuration must change nothing.
  ControlSocketSettings socket_settings;
  socket_settings.path = configuration_.control.socket;
  Result<std::unique_ptr<ControlSocket>, std::string> socket = ControlSocket::open(socket_settings, *this);
  if (!socket) return Failure{runtime_failure(socket.error())};
  socket_ = std::move(socket).value();
  if (Started done = start_runtime(); !done) return done;

  InventorySettings inventory;
  inventory.database = configuration_.inventory.database;
  inventory.keep = configuration_.inventory.keep;
  inventory_ =
      std::make_unique<Inventory>(inventory, clock_, [this](std::string_view line) { log_->warning(line); });
  RecordQueuesSettings queues;
  queues.workers = configuration_.dataplane.cores.size();
  records_ = std::make_unique<RecordQueues>(queues);
  recorder_ = std::make_unique<Recorder>(*records_, *log_, *inventory_, segment_names());
  if (Started done = open_tools(); !done) return done;
  if (Started done = open_key_log(); !done) return done;
  // Last of all that can fail: it begins anew, and whoever is to be reset after a crash stands only in it.
  if (Started done = open_ledger(); !done) return done;
  return make_workers();
}

void Appliance::run_worker(std::size_t index) {
  const Result<bool, std::string> entered = runtime_->enter_worker(index);
  if (!entered) log_->warning(entered.error());  // it works unpinned, too
  workers_[index]->worker->run();
  runtime_->leave_worker();
}

/// SIGHUP is not a reason to stop: logrotate has moved the log away.
bool Appliance::told_to_stop(Signals& signals) {
  while (const std::optional<int> signal = signals.take()) {
    if (*signal != SIGHUP) return true;
    if (const auto error = log_->reopen()) log_->warning(*error);
  }
  return false;
}

void Appliance::run(Signals& signals) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->thread = std::thread([this, i] { run_worker(i); });
  }
  log_->info("limpid " + built_version().limpid +
             " is running: " + std::to_string(configuration_.segments.size()) + " segment(s), " +
             std::to_string(workers_.size()) + " worker(s), " +
             std::to_string(configuration_.policy.rules.size()) + " rule(s)");
  log_->flush();
  LevelWatch levels(workers_.size(), [this](bool grave, const std::string& line) {
    grave ? log_->warning(line) : log_->info(line);
  });
  while (!told_to_stop(signals)) {
    socket_->serve(kServeStep, signals.descriptor());
    recorder_->pump();
    tool_watch_->look();
    capture_->look();
    if (learnt_keeper_) learnt_keeper_->run();
    knowledge_->run([this](const auto& knowledge) { return tell_workers(knowledge); });
    for (std::size_t i = 0; i < workers_.size(); ++i) levels.look(i, workers_[i]->worker->pressure());
  }
  log_->info("stopping: intercepted sessions may go on for " +
             std::to_string(
                 std::chrono::duration_cast<std::chrono::seconds>(configuration_.dataplane.drain).count()) +
             " s");
  log_->flush();
  for (const auto& parts : workers_) parts->worker->request_stop();
  if (fetching_) fetching_->request_stop();
  if (asker_) asker_->request_stop();
  stop();
}

void Appliance::stop() {
  bool ran = false;
  std::atomic<std::size_t> ended{0};
  std::vector<std::thread> joiners;
  for (const auto& parts : workers_) {
    if (!parts->thread.joinable()) continue;
    ran = true;
    parts->worker->request_stop();
    joiners.emplace_back([&parts, &ended] {
      parts->thread.join();
      ended.fetch_add(1);
    });
  }
  // While the workers drain, records are still taken in and the operator can still look.
  while (ended.load() < joiners.size()) {
    socket_->serve(kServeStep);
    recorder_->pump();
  }
  for (std::thread& joiner : joiners) joiner.join();
  if (recorder_) recorder_->pump();
  socket_.reset();
  if (inline_tools_) inline_tools_->restore_ports();
  tool_watch_.reset();
  live_.reset();
  for (const auto& parts : workers_) {
    // A queue's worth at a time; nothing that was kept back is lost.
    while (parts->interceptor && parts->interceptor->report_repetitions(kRepetitionsAtOnce) > 0)
      recorder_->pump();
  }
  workers_.clear();  // closes flows that are left, which writes records
  if (ran && learnt_keeper_) learnt_keeper_->finish();
  if (recorder_) recorder_->pump();
  for (auto& mirror : queued_) {
    if (mirror) mirror->stop();
  }
  if (key_log_) key_log_->stop();
  fetching_.reset();
  asker_.reset();
  if (inventory_) inventory_->stop();
  inline_tools_.reset();
  fabric_.reset();
  runtime_.reset();
  if (ran && ledger_file_) ledger_file_->remove();
  ledger_file_.reset();
  if (ran && log_) log_->info("stopped");
  if (log_) log_->flush();
}

std::vector<SessionRow> Appliance::sessions(const SessionQuery& query) {
  if (!live_) return {};
  std::vector<SessionRow> rows = live_->sessions(query, [this] { recorder_->pump(); });
  if (!query.wants_finished()) return rows;
  for (const SessionRow& row : recorder_->finished()) {
    if (rows.size() >= query.limit) break;
    if (query.matches(row)) rows.push_back(row);
  }
  return rows;
}

std::vector<CertificateRow> Appliance::certificates(const CertificateQuery& query) {
  if (!inventory_) return {};
  recorder_->pump();
  if (live_) live_->report_repetitions([this] { recorder_->pump(); });
  inventory_->flush(std::chrono::seconds(1));
  Result<std::vector<CertificateRow>, std::string> rows =
      read_certificates(configuration_.inventory.database, query, clock_.wall());
  if (!rows) {
    log_->warning(rows.error());
    return {};
  }
  return std::move(rows).value();
}

/// Sessions that a mirror did not get, for it gets a share only.
std::uint64_t Appliance::left_out(std::size_t tool) const {
  std::uint64_t sum = 0;
  for (const auto& parts : workers_) {
    const auto& sample = parts->samples[tool] ? parts->samples[tool] : parts->leg_samples[tool];
    sum += sample ? sample->left_out() : 0;
  }
  return sum;
}

Stats Appliance::stats() {
  Stats stats;
  stats.uptime = clock_.now() - started_;
  if (!live_) return stats;
  recorder_->pump();
  const ToolTotals tools = live_->add_stats(stats);
  stats.sessions_finished = recorder_->sessions_finished();
  stats.sessions_failed = recorder_->sessions_failed();
  add_reason(stats, Reason::record_queue_full, records_->lost());
  for (std::size_t i = 0; i < configuration_.tools.size(); ++i) {
    const config::Tool& tool = configuration_.tools[i];
    if (queued_[i]) {
      add_mirror(stats, tool.name, mirror_kind(tool.mirror), queued_[i]->counters(), left_out(i));
    } else if (tool.mirror.port && i < tools.mirrors.size()) {
      add_mirror(stats, tool.name, mirror_kind(tool.mirror), tools.mirrors[i], left_out(i));
    }
  }
  inline_tools_->add_stats(stats, tools);
  add_inventory(stats, inventory_->stats());
  if (learnt_keeper_) learnt_keeper_->add_stats(stats);
  if (key_log_) {
    const tool::MirrorCounters log = key_log_->counters();
    stats.more.push_back({"key log: bytes written", log.bytes});
    stats.more.push_back({"key log: entries lost", log.lost_queue + log.lost_write});
  }
  for (std::size_t i = 0; i < runtime_->ports(); ++i) {
    add_port(stats, runtime_->port(i).name(), runtime_->port(i).counters());
  }
  return stats;
}

}  // namespace

int run_appliance(const std::string& config_path) {
  auto loaded = load_startable(config_path, SystemClock().wall());
  if (!loaded) {
    std::cerr << config::text(loaded.error());
    return kExitConfiguration;
  }
  Signals signals;
  Appliance appliance(std::move(loaded).value());
  const Started prepared = appliance.prepare();
  if (!prepared) {
    std::cerr << "limpid: " << prepared.error().sentence << "\n";
    return prepared.error().exit_code;
  }
  appliance.run(signals);
  return 0;
}

}  // namespace limpid::control
