// SecretPatterns: what an operator wants masked in copies, as regular expressions in one Hyperscan database.
// Immutable; shared by threads, each of which searches with a SecretSearch of its own. Streams are searched
// in pieces of any size; what a pattern matches has a bounded length, so that who masks knows how much to
// hold back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/base/result.h"

struct hs_database;
struct hs_scratch;
struct hs_stream;

namespace limpid::policy {

class SecretPatterns {
 public:
  static constexpr std::size_t kTextMax = 256;   // bytes of a pattern
  static constexpr std::size_t kMatchMax = 256;  // bytes of the longest match that a pattern may have

  /// PCRE syntax as far as Hyperscan has it; "^" and "$" are those of a line. The error is about one of them:
  /// a sentence.
  static Result<std::shared_ptr<const SecretPatterns>, std::string> compile(
      const std::vector<std::string>& patterns);
  ~SecretPatterns();
  SecretPatterns(const SecretPatterns&) = delete;
  SecretPatterns& operator=(const SecretPatterns&) = delete;

  /// No match has more bytes.
  std::size_t longest() const { return longest_; }

 private:
  friend class SecretSearch;
  SecretPatterns(hs_database* database, std::size_t longest) : database_(database), longest_(longest) {}

  hs_database* database_;
  std::size_t longest_;
};

/// One thread's working memory. Outlives its streams.
class SecretSearch {
 public:
  /// A match: offsets from the stream's first byte, [from, to).
  using Found = std::function<void(std::uint64_t from, std::uint64_t to)>;

  class Stream {
   public:
    explicit Stream(SecretSearch& search);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Of a pattern that may go on, each end is told.
    void scan(Bytes bytes, const Found& found);
    /// The stream ends here, which may be what a pattern waits for. Nothing is scanned after it.
    void finish(const Found& found);

   private:
    SecretSearch& search_;
    hs_stream* stream_ = nullptr;
  };

  explicit SecretSearch(std::shared_ptr<const SecretPatterns> patterns);
  ~SecretSearch();
  SecretSearch(const SecretSearch&) = delete;
  SecretSearch& operator=(const SecretSearch&) = delete;

  std::size_t longest() const { return patterns_->longest(); }

 private:
  std::shared_ptr<const SecretPatterns> patterns_;
  hs_scratch* scratch_ = nullptr;
};

}  // namespace limpid::policy
