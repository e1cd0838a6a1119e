#include "dataplane/tool/mirror_key_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "dataplane/base/descriptor.h"

namespace limpid::tool {

namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOfOthers = 0077;

std::optional<std::string> refusal(const std::string& path, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return path + ": is not a file";
  if (status.st_uid != ::geteuid() || status.st_nlink != 1)
    return path + ": belongs to another user, or has another name beside this one";
  if ((status.st_mode & kOfOthers) != 0) return path + ": others than its owner may read or write it";
  return std::nullopt;
}

class KeyLogOutput final : public MirrorOutput {
 public:
  KeyLogOutput(Descriptor file, std::string path, Warn warn)
      : file_(std::move(file)), path_(std::move(path)), warn_(std::move(warn)) {}

  void begin(Instant /*now*/) override {}
  void on_frame(Bytes /*frame*/, WallTime /*when*/) override {}
  void on_secrets(Bytes lines) override {
    const int error = append(lines);
    error == 0 ? count_sent(lines.size()) : count_lost();
    warn_of_change(error);
  }
  void flush(Instant /*now*/) override {}
  void finish(Instant /*now*/) override {}

 private:
  /// errno, or 0. A line that a full disk has cut off is ended, so that it spoils no other.
  int append(Bytes lines) {
    if (broken_line_) {
      if (::write(file_.number(), "\n", 1) != 1) return errno;
      broken_line_ = false;
    }
    const std::size_t written = write_all(file_, lines);
    broken_line_ = written > 0 && written < lines.size();
    return written < lines.size() ? errno : 0;
  }

  void warn_of_change(int error) {
    if ((error != 0) == std::exchange(failing_, error != 0)) return;
    warn_(error != 0 ? system_failure(path_, "cannot be written; secrets are lost", error)
                     : path_ + ": can be written again");
  }

  Descriptor file_;
  std::string path_;
  Warn warn_;
  bool failing_ = false;
  bool broken_line_ = false;
};

class SecretsTap final : public PlaintextTap {
 public:
  explicit SecretsTap(std::unique_ptr<PlaintextTap> tap) : tap_(std::move(tap)) {}
  void on_bytes(Direction /*direction*/, Bytes /*bytes*/, WallTime /*when*/) override {}
  void on_end(Direction /*direction*/, WallTime /*when*/) override {}
  void on_reset(Direction /*direction*/, WallTime /*when*/) override {}
  void on_secrets(Bytes lines, WallTime when) override { tap_->on_secrets(lines, when); }

 private:
  std::unique_ptr<PlaintextTap> tap_;
};

}  // namespace

std::optional<std::string> key_log_refusal(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return refusal(path, status);
}

Result<std::unique_ptr<QueuedMirror>, std::string> open_key_log(const KeyLogSettings& settings,
                                                                const Clock& clock, Warn warn) {
  const std::string& path = settings.path;
  Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, kOwnerOnly));
  if (!file) return Failure{system_failure(path, "cannot be opened", errno)};
  struct stat status {};
  if (::fstat(file.number(), &status) != 0)
    return Failure{system_failure(path, "cannot be looked at", errno)};
  if (const auto why = refusal(path, status)) return Failure{*why};
  return std::make_unique<QueuedMirror>(
      settings.queue, std::make_unique<KeyLogOutput>(std::move(file), path, std::move(warn)), clock);
}

std::unique_ptr<PlaintextTap> SecretsMirror::open(const FlowFacts& facts, WallTime when) {
  std::unique_ptr<PlaintextTap> tap = mirror_.open(facts, when);
  if (tap == nullptr) return nullptr;
  return std::make_unique<SecretsTap>(std::move(tap));
}

}  // namespace limpid::tool
