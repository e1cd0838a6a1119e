// PcapngFile: a pcapng file that grows. Blocks are gathered and written many at a time, always as whole
// blocks in order, so that the file is readable up to the last flush. A file that cannot be written keeps
// what was gathered (bounded) and is tried again later. Thread: the mirror's own; write(2) may block it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/tool/pcapng.h"

namespace limpid::tool {

class PcapngFile {
 public:
  /// Creates the file with mode 0600, or continues it with a new section where it is pcapng of our byte
  /// order; a block that a crash cut off at its end is removed. Also takes a FIFO. The error is a sentence.
  static Result<PcapngFile, std::string> open(const std::string& path, std::string_view interface_name,
                                              Duration retry_after);
  /// Why open() would not continue the file that is there already, as a sentence. Changes nothing.
  static std::optional<std::string> refusal_of(const std::string& path);
  PcapngFile(PcapngFile&& other) noexcept;
  PcapngFile& operator=(PcapngFile&&) = delete;
  PcapngFile(const PcapngFile&) = delete;
  PcapngFile& operator=(const PcapngFile&) = delete;
  /// Closes without a flush, and wipes what was gathered.
  ~PcapngFile();

  /// False: the packet is lost, because writing fails and enough is kept already.
  bool append(Bytes frame, WallTime when, Instant now);
  /// Lines of a key log, before the packets that they open. They are wiped here as soon as they are written.
  bool append_secrets(Bytes lines, Instant now);
  /// Writes what is gathered. After a failure it does not try again before `retry_after` is over.
  void flush(Instant now);
  /// The same, but tries at once.
  void flush_now(Instant now);

  /// On disk when everything is written.
  std::uint64_t size() const { return flushed_size_ + gathered_.size(); }
  /// Something is gathered and not written.
  bool waiting() const { return written_ < gathered_.size(); }
  bool failing() const { return error_ != 0; }
  /// errno of the last failure; 0: the last write went well.
  int error() const { return error_; }

 private:
  void forget_gathered();

  PcapngFile(int descriptor, Duration retry_after) : descriptor_(descriptor), retry_after_(retry_after) {}

  int descriptor_ = -1;
  Duration retry_after_;
  pcapng::Buffer gathered_;
  std::uint64_t flushed_size_ = 0;  // the file without what is gathered
  std::size_t written_ = 0;         // of gathered_; only after a write that took a part
  int error_ = 0;
  bool secrets_gathered_ = false;
  Instant retry_at_{};
};

}  // namespace limpid::tool
