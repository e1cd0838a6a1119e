#include "dataplane/tool/mirror_pcapng.h"

#include <chrono>
#include <system_error>
#include <utility>

namespace limpid::tool {

namespace {

class RecordingOutput final : public MirrorOutput {
 public:
  RecordingOutput(Recording file, Warn warn) : file_(std::move(file)), warn_(std::move(warn)) {}

  void begin(Instant now) override { now_ = now; }
  void on_frame(Bytes frame, WallTime when) override {
    file_.append(frame, when, now_) ? count_sent(frame.size()) : count_lost();
  }
  void on_secrets(Bytes lines) override {
    if (!file_.append_secrets(lines, now_)) count_lost();
  }
  void flush(Instant now) override {
    file_.flush(now);
    warn_of_change();
  }
  void finish(Instant now) override {
    file_.flush_now(now);
    warn_of_change();
  }

 private:
  void warn_of_change() {
    if (file_.failing() == warned_) return;
    warned_ = file_.failing();
    warn_(warned_ ? file_.path() + ": cannot be written (" + std::generic_category().message(file_.error()) +
                        "); copies are kept while there is room, then lost, and it is tried again"
                  : file_.path() + ": can be written again");
  }

  Recording file_;
  Warn warn_;
  Instant now_{};  // of the current round
  bool warned_ = false;
};

}  // namespace

Result<std::unique_ptr<QueuedMirror>, std::string> open_pcapng_mirror(const PcapngMirrorSettings& settings,
                                                                      const Clock& clock, Warn warn,
                                                                      std::unique_ptr<Masking> masking) {
  Result<Recording, std::string> file =
      Recording::open({settings.path, settings.interface_name,
                       std::chrono::milliseconds(settings.retry_after_ms), settings.rotation},
                      clock, warn);
  if (!file) return Failure{file.error()};
  return std::make_unique<QueuedMirror>(
      settings.queue, std::make_unique<RecordingOutput>(std::move(file).value(), std::move(warn)), clock,
      std::move(masking));
}

}  // namespace limpid::tool
