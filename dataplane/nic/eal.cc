// See eal.h. DPDK's lcores are not used: limpid's workers are threads of their own, pinned by the runtime and
// registered with DPDK. The EAL's one lcore is the thread that starts it, free to run anywhere.
#include "dataplane/nic/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <utility>

namespace limpid::nic {
namespace {

constexpr std::size_t kLineBytesMax = 4096;

/// Where DPDK's lines go. Lives for ever: drivers log until the process ends.
struct LogSink {
  std::mutex mutex;
  std::function<void(LogLevel, std::string_view)> log;
  std::string line;  // begun, not ended
  std::string last_error;
};

LogSink& sink() {
  static auto* const kSink = new LogSink;
  return *kSink;
}

LogLevel level_of_current_line() {
  const int level = rte_log_cur_msg_loglevel();
  if (level <= static_cast<int>(RTE_LOG_ERR)) return LogLevel::kError;
  if (level == static_cast<int>(RTE_LOG_WARNING)) return LogLevel::kWarning;
  return level <= static_cast<int>(RTE_LOG_INFO) ? LogLevel::kInfo : LogLevel::kDebug;
}

ssize_t write_log(void*, const char* text, std::size_t size) {
  LogSink& to = sink();
  const std::lock_guard lock(to.mutex);
  for (const char c : std::string_view(text, size)) {
    if (c != '\n') {
      if (to.line.size() < kLineBytesMax) to.line.push_back(c);
      continue;
    }
    const LogLevel level = level_of_current_line();
    if (level == LogLevel::kError) to.last_error = to.line;
    if (to.log) to.log(level, to.line);
    to.line.clear();
  }
  return static_cast<ssize_t>(size);
}

void open_log(std::function<void(LogLevel, std::string_view)> log) {
  {
    const std::lock_guard lock(sink().mutex);
    sink().log = std::move(log);
  }
  FILE* stream = fopencookie(nullptr, "w", {nullptr, write_log, nullptr, nullptr});
  if (stream == nullptr) return;
  static_cast<void>(setvbuf(stream, nullptr, _IONBF, 0));  // buffered, lines only come late
  rte_openlog_stream(stream);
}

/// DPDK makes a folder for what processes share, also where nothing is shared. It is empty, and would outlive
/// a process that is killed.
void remove_runtime_folder() {
  std::error_code none;
  std::filesystem::remove(rte_eal_get_runtime_dir(), none);
}

std::string list(const std::vector<int>& cores) {
  std::string text;
  for (const int core : cores) text += (text.empty() ? "" : ",") + std::to_string(core);
  return text;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

std::uint64_t number_in(const std::filesystem::path& file) {
  std::uint64_t number = 0;
  std::ifstream(file) >> number;
  return number;
}

std::uint64_t free_huge_bytes() {
  constexpr std::string_view kPrefix = "hugepages-";
  std::uint64_t bytes = 0;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", none)) {
    const std::string name = entry.path().filename();  // "hugepages-2048kB"
    if (!name.starts_with(kPrefix)) continue;
    const std::uint64_t kilobytes = std::strtoull(name.c_str() + kPrefix.size(), nullptr, 10);
    bytes += kilobytes * 1024 * number_in(entry.path() / "free_hugepages");
  }
  return bytes;
}

std::uint64_t available_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::uint64_t kilobytes = 0;
  std::string unit;
  while (file >> key >> kilobytes) {
    if (key == "MemAvailable:") return kilobytes * 1024;
    std::getline(file, unit);
  }
  return 0;
}

}  // namespace

MachineFacts look_at_machine() {
  MachineFacts facts;
  facts.huge_bytes_free = free_huge_bytes();
  facts.memory_bytes_available = available_bytes();
  facts.process = static_cast<int>(getpid());
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &allowed)) facts.cores.push_back(core);
  }
  return facts;
}

Result<EalPlan, std::string> plan_eal(const RuntimeSettings& settings, const MachineFacts& machine) {
  const std::uint64_t bytes = settings.memory_bytes + kEalBytes;
  EalPlan plan;
  plan.huge = machine.huge_bytes_free >= bytes;
  if (!plan.huge && machine.memory_bytes_available < bytes) {
    return Failure{"dataplane.memory: " + mebibytes(settings.memory_bytes) +
                   " of packet buffers do not fit into this machine, where " +
                   mebibytes(machine.memory_bytes_available) + " are available"};
  }
  plan.arguments = {"limpid",         "--file-prefix", "limpid-" + std::to_string(machine.process),
                    "--no-telemetry", "--lcores",      "0@(" + list(machine.cores) + ")",
                    "--log-level",    "*:notice"};
  const auto add = [&plan](std::initializer_list<const char*> more) {
    plan.arguments.insert(plan.arguments.end(), more.begin(), more.end());
  };
  if (plan.huge) {
    add({"--in-memory"});
  } else {
    add({"--no-huge", "--no-shconf", "-m"});
    plan.arguments.push_back(std::to_string((bytes + (1U << 20U) - 1) >> 20U));
  }
  bool pci = false;
  for (const PortSettings& port : settings.ports) {
    if (port.pci.empty()) continue;
    pci = true;
    add({"--allow"});
    plan.arguments.push_back(port.pci);
  }
  if (!pci) add({"--no-pci", "--iova-mode", "va"});
  return plan;
}

std::string start_eal(const EalPlan& plan, std::function<void(LogLevel, std::string_view)> log) {
  open_log(std::move(log));
  std::vector<std::string> texts = plan.arguments;
  std::vector<char*> arguments;
  arguments.reserve(texts.size());
  for (std::string& text : texts) arguments.push_back(text.data());

  cpu_set_t allowed;  // the EAL pins the thread that starts it
  const bool known = sched_getaffinity(0, sizeof allowed, &allowed) == 0;
  const int result = rte_eal_init(static_cast<int>(arguments.size()), arguments.data());
  const int error = rte_errno;
  if (known) sched_setaffinity(0, sizeof allowed, &allowed);
  remove_runtime_folder();
  if (result >= 0) return {};
  const std::string line = last_eal_error();
  return "DPDK does not start: " + std::string(rte_strerror(error)) + (line.empty() ? "" : " (" + line + ")");
}

std::string last_eal_error() {
  const std::lock_guard lock(sink().mutex);
  return sink().last_error;
}

void stop_eal() {
  rte_eal_cleanup();
  const std::lock_guard lock(sink().mutex);
  sink().log = nullptr;
}

}  // namespace limpid::nic
