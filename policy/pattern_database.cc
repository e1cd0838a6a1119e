#include "policy/pattern_database.h"

#include <hs/hs.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "dataplane/base/check.h"

namespace limpid::policy {

namespace {

// FNV-1a over a name from its last character to its first: after each dot it is the hash of the suffix that
// begins there, so that one pass over a host yields the hashes of all its suffixes.
constexpr std::uint64_t kHashBegin = 0xcbf29ce484222325U;
constexpr std::uint64_t kHashFactor = 0x100000001b3U;

constexpr std::uint64_t hashed(std::uint64_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(c)) * kHashFactor;
}

std::uint64_t hash_backwards(std::string_view text) {
  std::uint64_t hash = kHashBegin;
  for (auto c = text.rbegin(); c != text.rend(); ++c) hash = hashed(hash, *c);
  return hash;
}

// Every bit of the hash moves every byte (the finalizer of splitmix64).
constexpr std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

constexpr std::uint64_t kWholeName = 0x9e3779b97f4a7c15U;  // tells "a.b" from the suffix of "x.a.b"

std::string compile_error(hs_compile_error_t* error, hs_error_t code) {
  std::string why = "code " + std::to_string(code);
  if (error != nullptr) why = error->message;
  hs_free_compile_error(error);
  return "the host patterns cannot be compiled: " + why;
}

}  // namespace

struct PatternDatabase::Search {
  const PatternDatabase& database;
  std::string_view host;
  std::span<std::uint32_t, kMatchesMax> into;
  std::size_t found = 0;
};

PatternScratch::~PatternScratch() { hs_free_scratch(scratch_); }

PatternDatabase::PatternDatabase(const std::vector<std::string>& patterns) {
  places_.reserve(patterns.size());
  for (const std::string& pattern : patterns) {
    places_.push_back(
        {static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(pattern.size())});
    texts_ += pattern;
    if (pattern.starts_with("*.")) {
      suffix_labels_.set(static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '.')));
    } else {
      whole_names_ = true;
    }
  }
}

PatternDatabase::~PatternDatabase() { hs_free_database(database_); }

PatternDatabase::Fingerprint PatternDatabase::fingerprint(std::uint64_t hash, bool whole_name) {
  const std::uint64_t value = mixed(whole_name ? hash ^ kWholeName : hash);
  Fingerprint bytes{};
  std::memcpy(bytes.data(), &value, bytes.size());
  return bytes;
}

Result<std::unique_ptr<const PatternDatabase>, std::string> PatternDatabase::compile(
    const std::vector<std::string>& patterns) {
  std::unique_ptr<PatternDatabase> made(new PatternDatabase(patterns));
  const std::size_t count = patterns.size();
  if (count == 0) return std::unique_ptr<const PatternDatabase>(std::move(made));
  if (hs_valid_platform() != HS_SUCCESS) {
    return Failure<std::string>{"host patterns need a processor with SSSE3"};
  }

  std::vector<Fingerprint> literals;
  literals.reserve(count);
  for (const std::string& pattern : patterns) {
    const bool suffix = pattern.starts_with("*.");
    literals.push_back(
        fingerprint(hash_backwards(std::string_view(pattern).substr(suffix ? 1 : 0)), !suffix));
  }
  std::vector<const char*> texts;
  texts.reserve(count);
  for (const Fingerprint& literal : literals) texts.push_back(literal.data());
  const std::vector<std::size_t> lengths(count, kFingerprintBytes);
  const std::vector<unsigned int> flags(count, 0);
  std::vector<unsigned int> ids(count);
  std::iota(ids.begin(), ids.end(), 0U);

  hs_compile_error_t* error = nullptr;
  const hs_error_t code = hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), lengths.data(),
                                               static_cast<unsigned int>(count), HS_MODE_BLOCK, nullptr,
                                               &made->database_, &error);
  if (code != HS_SUCCESS) return Failure{compile_error(error, code)};
  return std::unique_ptr<const PatternDatabase>(std::move(made));
}

void PatternDatabase::prepare(PatternScratch& scratch) const {
  if (database_ == nullptr) return;
  LIMPID_CHECK(hs_alloc_scratch(database_, &scratch.scratch_) == HS_SUCCESS, "no memory for a scratch");
}

std::size_t PatternDatabase::write_fingerprints(std::string_view host, std::span<char> into) const {
  std::size_t size = 0;
  std::size_t labels = 1;  // of the suffix that begins behind the next dot to the left
  const auto write = [&](const Fingerprint& bytes) {
    std::copy(bytes.begin(), bytes.end(), into.begin() + static_cast<std::ptrdiff_t>(size));
    size += bytes.size();
  };
  std::uint64_t hash = kHashBegin;
  for (auto c = host.rbegin(); c != host.rend(); ++c) {
    hash = hashed(hash, *c);
    if (*c != '.') continue;
    if (suffix_labels_.test(labels)) write(fingerprint(hash, false));
    ++labels;
  }
  if (whole_names_) write(fingerprint(hash, true));
  return size;
}

std::size_t PatternDatabase::find(std::string_view host, const PatternScratch& scratch,
                                  std::span<std::uint32_t, kMatchesMax> into) const {
  if (database_ == nullptr || host.size() > kHostBytesMax) return 0;
  // Written before it is read: not cleared.
  std::array<char, kMatchesMax * kFingerprintBytes> fingerprints;  // NOLINT(*-member-init)
  const std::size_t size = write_fingerprints(host, fingerprints);
  if (size == 0) return 0;
  Search search{*this, host, into};
  const hs_error_t code = hs_scan(database_, fingerprints.data(), static_cast<unsigned int>(size), 0,
                                  scratch.scratch_, on_match, &search);
  LIMPID_CHECK(code == HS_SUCCESS || code == HS_SCAN_TERMINATED, "Hyperscan refuses its own database");
  return search.found;
}

int PatternDatabase::on_match(unsigned int id, unsigned long long, unsigned long long, unsigned int,
                              void* context) {
  Search& search = *static_cast<Search*>(context);
  // Two names may share a fingerprint, or a fingerprint may lie across two others: text decides.
  if (!matches(search.database.pattern(id), search.host)) return 0;
  search.into[search.found++] = id;
  return search.found == kMatchesMax ? 1 : 0;
}

std::size_t PatternDatabase::bytes() const {
  std::size_t size = 0;
  if (database_ != nullptr) hs_database_size(database_, &size);
  return size;
}

std::string hyperscan_version() { return hs_version(); }

}  // namespace limpid::policy
