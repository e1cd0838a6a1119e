#include "control/command_capture.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ostream>
#include <system_error>

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

std::string failed_at(const std::string& path, int error) {
  return path + ": cannot be written: " + std::generic_category().message(error);
}

/// errno, or 0.
int write_all(const Descriptor& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(file.number(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return 0;
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
  if (!file) return fail(err, failed_at(path, errno));
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
    if (const int error = write_all(file, progress->bytes)) return fail(err, failed_at(path, error));
    const bool news = progress->sessions != shown.sessions && progress->over.empty();
    if (news && !ask.json)
      out << progress->sessions << " sessions, " << progress->failed << " of them failed\n" << std::flush;
    shown = *progress;
  }
  out << (ask.json ? capture_json(shown, path) : capture_text(shown, path)) << std::flush;
  return out ? kGood : kFailed;
}

}  // namespace limpid::control
