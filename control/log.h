// Log: the one place that knows spdlog. Lines for operators, to a file or to standard error. Never called on
// a worker's thread: workers hand records over (record_queues.h), and the control thread writes the lines.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"

namespace limpid::control {

struct LogSettings {
  std::string level = "info";  // debug, info, warning, error (the words of the configuration)
  std::string file{};          // empty: standard error
};

class Log {
 public:
  /// The error is a sentence. Any thread may then call any function.
  static Result<std::unique_ptr<Log>, std::string> open(const LogSettings& settings);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void debug(std::string_view line);
  void info(std::string_view line);
  void warning(std::string_view line);
  void error(std::string_view line);
  void flush();
  /// Goes on in a file of the configured name, which is made anew where it has been moved away. None: it
  /// does, or there is no file; else why not, as a sentence: lines then go to the old file.
  std::optional<std::string> reopen();

 private:
  class File;
  class Sink;
  explicit Log(std::unique_ptr<Sink> sink);
  std::unique_ptr<Sink> sink_;
};

}  // namespace limpid::control
