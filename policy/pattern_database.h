// PatternDatabase: all host patterns of a policy in one Hyperscan database, so that ten patterns and a
// hundred thousand cost the same look-up. Immutable, shared by workers; each scans with a PatternScratch of
// its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace limpid::policy {

class PatternDatabase;

/// Hyperscan's working memory. One a worker.
class PatternScratch {
 public:
  explicit PatternScratch(const PatternDatabase& database);
  ~PatternScratch();
  PatternScratch(const PatternScratch&) = delete;
  PatternScratch& operator=(const PatternScratch&) = delete;

 private:
  friend class PatternDatabase;
  void* scratch_ = nullptr;
};

class PatternDatabase {
 public:
  /// `patterns` are normal ones (host_pattern.h). The error is a sentence.
  static Result<std::unique_ptr<const PatternDatabase>, std::string> compile(
      const std::vector<std::string>& patterns);
  ~PatternDatabase();
  PatternDatabase(const PatternDatabase&) = delete;
  PatternDatabase& operator=(const PatternDatabase&) = delete;

  /// Appends the indexes of all patterns that match the (normal) host, each once, in no order.
  void find(std::string_view host, PatternScratch& scratch, std::vector<std::uint32_t>& matched) const;

 private:
  friend class PatternScratch;
  PatternDatabase() = default;
  void* database_ = nullptr;  // null: no patterns
};

/// "5.4.0 …", as the library calls itself.
std::string hyperscan_version();

}  // namespace limpid::policy
