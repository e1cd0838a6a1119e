// LearntKeeper: the control thread's part in what is learnt of clients (tls_proxy/learnt_table.h). It keeps a
// file of it, so that a restart forgets nothing that lasts, writes each change of state to the log, answers
// the operator, and carries out his word. What was learnt under another signing CA is not brought back, as
// clients may accept this one; what the operator has accepted is. Under another policy nothing is brought
// back of rules that are known by their number alone. Control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "control/backend.h"
#include "control/reports.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "tls_proxy/learnt_table.h"

namespace limpid::control {

/// What the entries speak of, as the configuration has it now.
struct LearntSurroundings {
  std::string file;
  std::string signing;                // which CA forges: its certificate's fingerprint
  std::vector<std::string> segments;  // names, in the configuration's order
  std::vector<std::string> rules;     // names, that of the default among them
  std::string policy;                 // which it is: rules without names of their own have numbers for names
};

class LearntKeeper {
 public:
  static constexpr Duration kSaveEvery = std::chrono::seconds(5);        // after a change
  static constexpr Duration kSaveCountsEvery = std::chrono::minutes(5);  // without one
  static constexpr Duration kExpireEvery = std::chrono::seconds(1);
  static constexpr std::size_t kLinesPerMinute = 30;  // further changes are counted in one line
  static constexpr std::size_t kFileBytesMax = std::size_t{32} << 20U;

  /// `write` takes one line; `grave`: something goes uninspected, or is wrong. Table and clock outlive the
  /// keeper.
  using Write = std::function<void(bool grave, const std::string& line)>;
  LearntKeeper(tls::LearntTable& table, LearntSurroundings surroundings, const Clock& clock, Write write);

  /// Before the workers start. A file that cannot be understood is put aside, and said so; of one with
  /// entries that cannot be, the others are taken, and a copy is put aside.
  void load();
  /// Often.
  void run();
  /// At the end, when the workers have stopped.
  void finish();

  std::vector<LearntRow> rows(const LearntQuery& query) const;
  /// The error is a sentence.
  Result<LearntRow, std::string> judge(const std::string& id, LearntVerdict verdict);
  void add_stats(Stats& stats) const;

 private:
  void save();
  void tell_changes();
  void tell(const tls::LearntChange& change);
  bool may_say_more();
  LearntRow row_of(const tls::LearntEntry& entry) const;
  void bring_back(const std::string& text);
  bool knows(const std::string& rule, bool same_policy) const;

  tls::LearntTable& table_;
  LearntSurroundings surroundings_;
  const Clock& clock_;
  Write write_;
  std::uint64_t saved_ = 0;  // generation
  bool save_failed_ = false;
  Instant save_at_;
  Instant save_counts_at_;
  Instant expire_at_;
  Instant minute_began_;
  std::size_t lines_ = 0;  // in this minute
  std::uint64_t untold_ = 0;
};

}  // namespace limpid::control
