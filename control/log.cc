#include "control/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>

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

class Log::Sink {
 public:
  Sink(spdlog::sink_ptr sink, spdlog::level::level_enum level) : logger("limpid", std::move(sink)) {
    logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    logger.set_level(level);
    logger.flush_on(spdlog::level::info);
    logger.set_error_handler([](const std::string&) {});  // a full disk loses lines and nothing else
  }
  spdlog::logger logger;
};

Result<std::unique_ptr<Log>, std::string> Log::open(const LogSettings& settings) {
  const auto level = level_of(settings.level);
  if (!level) return Failure{"\"" + escaped(settings.level) + "\" is not a log level"};
  try {
    spdlog::sink_ptr sink;
    if (settings.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(settings.file);
    }
    return std::unique_ptr<Log>(new Log(std::make_unique<Sink>(std::move(sink), *level)));
  } catch (const spdlog::spdlog_ex& error) {
    return Failure{std::string("the log cannot be opened: ") + error.what()};
  }
}

Log::Log(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}
Log::~Log() = default;

// One line each, whatever is in it.
void Log::debug(std::string_view line) { sink_->logger.debug("{}", printable(line)); }
void Log::info(std::string_view line) { sink_->logger.info("{}", printable(line)); }
void Log::warning(std::string_view line) { sink_->logger.warn("{}", printable(line)); }
void Log::error(std::string_view line) { sink_->logger.error("{}", printable(line)); }
void Log::flush() { sink_->logger.flush(); }

}  // namespace limpid::control
