// The key log: a file with the lines (SSLKEYLOGFILE) that open the TLS of both legs of sessions. Whoever has
// it and a recording of the wire reads all that was said. It takes its lines as mirrors take their copies, on
// a thread of its own, and drops all else. Its mode is 0600. A full disk costs lines (counted, warned of
// once).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/tool/queued_mirror.h"

namespace limpid::tool {

struct KeyLogSettings {
  std::string path{};  // made, or appended to
  QueuedMirrorSettings queue{};
};

/// `warn` is called on the key log's thread with a sentence for the log. The error is a sentence too. `clock`
/// outlives the key log.
Result<std::unique_ptr<QueuedMirror>, std::string> open_key_log(const KeyLogSettings& settings,
                                                                const Clock& clock, Warn warn);
/// Why open_key_log() would not append to what is there already, as a sentence: it is no file, or others than
/// its owner may read or write it. Changes nothing.
std::optional<std::string> key_log_refusal(const std::string& path);

/// A mirror of which only the secrets come through. Thread: the worker's.
class SecretsMirror final : public Mirror {
 public:
  /// `mirror` outlives this.
  explicit SecretsMirror(Mirror& mirror) : mirror_(mirror) {}
  std::unique_ptr<PlaintextTap> open(const FlowFacts& facts, WallTime when) override;

 private:
  Mirror& mirror_;
};

}  // namespace limpid::tool
