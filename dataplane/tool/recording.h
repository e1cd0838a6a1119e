// Recording: a mirror's pcapng file, or a row of them that is rotated by size and by time: "plain.pcapng" is
// written as plain_00001_20261121083700.pcapng and so on (the time is UTC), each complete and readable by
// itself. Only so many of them are kept. A disk that is full postpones a rotation and never stops one who
// writes. Thread: the mirror's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/tool/pcapng_file.h"

namespace limpid::tool {

/// Nothing set: one file for ever.
struct Rotation {
  std::uint64_t size = 0;  // bytes at which the next file begins; 0: whatever its size
  Duration every{};        // after so long, if anything was written; 0: however old
  std::uint32_t keep = 0;  // files, the one that is being written among them; 0: all

  bool wanted() const { return size != 0 || every != Duration::zero(); }
};

struct RecordingSettings {
  std::string path{};
  std::string interface_name{};
  Duration retry_after{};  // after what failed
  Rotation rotation{};
};

class Recording {
 public:
  using Warn = std::function<void(std::string_view)>;

  /// Without rotation an existing pcapng file is continued; with it the numbers of earlier files are. The
  /// error is a sentence, as what `warn` gets. `clock` outlives the recording.
  static Result<Recording, std::string> open(RecordingSettings settings, const Clock& clock, Warn warn);

  /// False: the packet is lost, because writing fails and enough is kept already.
  bool append(Bytes frame, WallTime when, Instant now);
  /// Lines of a key log: into the file that the next packet goes into. False: lost, as a packet.
  bool append_secrets(Bytes lines, Instant now);
  /// Writes what is gathered. After a failure it does not try again before `retry_after` is over.
  void flush(Instant now);
  /// The same, but tries at once.
  void flush_now(Instant now) { file_->flush_now(now); }

  bool failing() const { return file_->failing(); }
  int error() const { return file_->error(); }
  /// Of the file that is being written.
  const std::string& path() const { return path_; }

 private:
  Recording(RecordingSettings settings, const Clock& clock, Warn warn)
      : settings_(std::move(settings)), clock_(clock), warn_(std::move(warn)) {}

  std::optional<std::string> open_next(Instant now);
  void rotate_if_due(std::size_t size, Instant now);
  bool rotated(Instant now);
  void prune(std::size_t files_max) const;

  RecordingSettings settings_;
  const Clock& clock_;
  Warn warn_;
  std::optional<PcapngFile> file_;
  bool secrets_last_ = false;  // the packet that follows stays with them
  std::string path_;
  std::uint64_t number_ = 0;   // of the file
  std::uint64_t packets_ = 0;  // in it
  Instant opened_{};
  Instant rotate_at_{};  // not before: the last try failed
  bool warned_ = false;
};

}  // namespace limpid::tool
