// LedgerFile: the memory of the workers' ledgers as a mapped file, so that a killed process leaves them
// behind for its successor. Control thread; the mapped memory itself belongs to the workers.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/flow/ledger.h"

namespace limpid::control {

class LedgerFile {
 public:
  /// Reads what an earlier process left, then makes room for `workers` ledgers of `entries_each`. The error
  /// is a sentence. Mode 0600.
  static Result<std::unique_ptr<LedgerFile>, std::string> open(const std::string& path, std::size_t workers,
                                                               std::uint32_t entries_each);
  /// Unmaps; the file stays.
  ~LedgerFile();
  LedgerFile(const LedgerFile&) = delete;
  LedgerFile& operator=(const LedgerFile&) = delete;

  /// Intercepted flows of a process that died.
  const std::vector<flow::LedgerEntry>& orphans() const { return orphans_; }
  MutableBytes memory(std::size_t worker);
  /// After a stop in good order there is nothing to reset: the file goes.
  void remove();

 private:
  LedgerFile() = default;

  std::string path_;
  std::byte* mapped_ = nullptr;
  std::size_t size_each_ = 0;
  std::size_t size_ = 0;
  std::vector<flow::LedgerEntry> orphans_;
};

}  // namespace limpid::control
