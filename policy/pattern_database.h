// PatternDatabase: all host patterns of a policy in one Hyperscan database. Immutable, shared by workers;
// each scans with a PatternScratch of its own.
//
// What Hyperscan is given are not the names as text: names of one estate end alike ("…bank.example"), and its
// literal matcher, which looks at the last eight bytes, then confirms thousands of candidates for each name
// (measured with 100,000 names: 70 us a look-up, 15 s to compile; 1.1 us with reversed names). So a pattern
// becomes a literal of eight well-mixed bytes, its fingerprint, and a host becomes the fingerprints of those
// of its suffixes that a pattern could have: 0.2 us, 3 s. What the scan finds is compared as text at last.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "policy/host_pattern.h"

struct hs_database;
struct hs_scratch;

namespace limpid::policy {

/// Hyperscan's working memory. One a worker.
class PatternScratch {
 public:
  PatternScratch() = default;
  ~PatternScratch();
  PatternScratch(const PatternScratch&) = delete;
  PatternScratch& operator=(const PatternScratch&) = delete;

 private:
  friend class PatternDatabase;
  hs_scratch* scratch_ = nullptr;
};

class PatternDatabase {
 public:
  /// A name of 253 bytes has at most 127 labels: it matches its own text and one "*." pattern for each label.
  static constexpr std::size_t kMatchesMax = 128;

  /// `patterns`: in normal form (host_pattern.h), each once, none of them "*". The error is a sentence.
  static Result<std::unique_ptr<const PatternDatabase>, std::string> compile(
      const std::vector<std::string>& patterns);
  ~PatternDatabase();
  PatternDatabase(const PatternDatabase&) = delete;
  PatternDatabase& operator=(const PatternDatabase&) = delete;

  /// Makes a scratch fit for this database. Ends the process where there is no memory.
  void prepare(PatternScratch& scratch) const;

  /// Writes the indices of the patterns that match the host (in normal form), in no order, and returns how
  /// many. `scratch` has been prepared.
  std::size_t find(std::string_view host, const PatternScratch& scratch,
                   std::span<std::uint32_t, kMatchesMax> into) const;

  std::string_view pattern(std::uint32_t index) const {
    return std::string_view(texts_).substr(places_[index].offset, places_[index].size);
  }
  /// Of the Hyperscan database.
  std::size_t bytes() const;

 private:
  static constexpr std::size_t kFingerprintBytes = 8;
  using Fingerprint = std::array<char, kFingerprintBytes>;
  struct Search;

  explicit PatternDatabase(const std::vector<std::string>& patterns);
  static Fingerprint fingerprint(std::uint64_t hash, bool whole_name);
  std::size_t write_fingerprints(std::string_view host, std::span<char> into) const;
  static int on_match(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags,
                      void* search);

  /// All texts in one piece: a comparison costs two cache misses instead of three.
  struct TextPlace {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  std::string texts_;
  std::vector<TextPlace> places_;
  std::bitset<kHostBytesMax + 1> suffix_labels_;  // how many labels the "*." patterns have below their star
  bool whole_names_ = false;                      // there are patterns without a star
  hs_database* database_ = nullptr;               // null: no patterns
};

/// "5.4.0 …", as the library calls itself.
std::string hyperscan_version();

}  // namespace limpid::policy
