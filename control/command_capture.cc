#include "control/command_capture.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ostream>

#include "control/control_client.h"
#include "control/protocol.h"
#include "dataplane/base/descriptor.h"

namespace limpid::control {

namespace {

constexpr int kGood = 0;
constexpr int kFailed = 1;
constexpr Duration kPause = std::chrono::milliseconds(250);
constexpr mode_t kOwnerOnly = 0600;

int fail(std::ostream& err, const std::string& sentence) {
  err << "limpid: " << sentence << '\n';
  return kFailed;
}

/// By what errno says.
int fail_at(const std::string& path, std::ostream& err) {
  return fail(err, system_failure(path, "cannot be written", errno));
}

Result<CaptureProgress, std::string> asked(const AskArguments& ask_where, const std::string& request) {
  const auto line = ask(ask_where.socket, request, ask_where.silence_max);
  if (!line) return Failure{line.error().sentence};
  return read_capture(*line);
}

}  // namespace

int capture(const AskArguments& ask, const CaptureArguments& arguments,
            const std::function<bool(Duration)>& interrupted_within, std::ostream& out, std::ostream& err) {
  const std::string& path = arguments.file;
  bool stop = interrupted_within(Duration::zero());
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
  if (!file) return fail_at(path, err);
  auto progress = asked(ask, request(arguments.query));
  if (!progress) {
    ::unlink(path.c_str());
    return fail(err, progress.error());
  }
  if (!ask.json) out << "recording; Ctrl-C ends it\n" << std::flush;
  CaptureProgress shown = *progress;
  while (progress->over.empty()) {
    stop = stop || interrupted_within(kPause);
    progress = asked(ask, captured_request(shown.number, stop));
    if (!progress) return fail(err, progress.error() + "; " + path + " has what came before");
    if (write_all(file, as_bytes(progress->bytes)) < progress->bytes.size()) return fail_at(path, err);
    const bool news = progress->sessions != shown.sessions && progress->over.empty();
    if (news && !ask.json)
      out << progress->sessions << " sessions, " << progress->failed << " of them failed\n" << std::flush;
    shown = *progress;
  }
  out << (ask.json ? capture_json(shown, path) : capture_text(shown, path)) << std::flush;
  return out ? kGood : kFailed;
}

}  // namespace limpid::control
