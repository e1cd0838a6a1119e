#include "control/log.h"

#include <fcntl.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "control/printable.h"

namespace limpid::control {

namespace {

std::optional<spdlog::level::level_enum> level_of(std::string_view name) {
  if (name == "debug") return spdlog::level::debug;
  if (name == "info") return spdlog::level::info;
  if (name == "warning" || name == "warn") return spdlog::level::warn;
  if (name == "error") return spdlog::level::err;
  return std::nullopt;
}

}  // namespace

/// Lines at the end of a file. It may be opened anew while others write.
class Log::File final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit File(std::string path) : path_(std::move(path)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  std::optional<std::string> open() {
    const int opened = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (opened < 0)
      return "the log cannot be opened: " + path_ + ": " + std::generic_category().message(errno);
    const std::lock_guard lock(mutex_);
    const int before = std::exchange(descriptor_, opened);
    torn_ = false;
    if (before >= 0) ::close(before);
    return std::nullopt;
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    if (torn_) line.push_back('\n');
    formatter_->format(message, line);
    const ssize_t written = ::write(descriptor_, line.data(), line.size());
    // What a full disk cut off stays cut off; the next line begins a line.
    if (written > 0) torn_ = static_cast<std::size_t>(written) < line.size();
  }
  void flush_() override {}  // nothing is kept back

  const std::string path_;
  int descriptor_ = -1;
  bool torn_ = false;
};

class Log::Sink {
 public:
  Sink(spdlog::sink_ptr sink, spdlog::level::level_enum level) : logger("limpid", std::move(sink)) {
    logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    logger.set_level(level);
    logger.flush_on(spdlog::level::info);
    logger.set_error_handler([](const std::string&) {});  // a full disk loses lines and nothing else
  }
  spdlog::logger logger;
  std::shared_ptr<File> file{};  // null: standard error
};

Result<std::unique_ptr<Log>, std::string> Log::open(const LogSettings& settings) {
  const auto level = level_of(settings.level);
  if (!level) return Failure{"\"" + escaped(settings.level) + "\" is not a log level"};
  if (settings.file.empty()) {
    auto sink = std::make_unique<Sink>(std::make_shared<spdlog::sinks::stderr_sink_mt>(), *level);
    return std::unique_ptr<Log>(new Log(std::move(sink)));
  }
  auto file = std::make_shared<File>(settings.file);
  if (auto error = file->open()) return Failure{std::move(*error)};
  auto sink = std::make_unique<Sink>(file, *level);
  sink->file = std::move(file);
  return std::unique_ptr<Log>(new Log(std::move(sink)));
}

Log::Log(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}
Log::~Log() = default;

// One line each, whatever is in it.
void Log::debug(std::string_view line) { sink_->logger.debug("{}", printable(line)); }
void Log::info(std::string_view line) { sink_->logger.info("{}", printable(line)); }
void Log::warning(std::string_view line) { sink_->logger.warn("{}", printable(line)); }
void Log::error(std::string_view line) { sink_->logger.error("{}", printable(line)); }
void Log::flush() { sink_->logger.flush(); }
std::optional<std::string> Log::reopen() { return sink_->file ? sink_->file->open() : std::nullopt; }

}  // namespace limpid::control
