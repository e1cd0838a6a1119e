#include "policy/secret_patterns.h"

#include <hs/hs.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <optional>

#include "dataplane/base/check.h"

namespace limpid::policy {

namespace {

constexpr unsigned int kFlags = HS_FLAG_SOM_LEFTMOST | HS_FLAG_MULTILINE;

std::string message_of(hs_compile_error_t* error) {
  std::string message = error != nullptr ? error->message : "out of memory";
  hs_free_compile_error(error);
  return message;
}

std::string quoted(const std::string& pattern) { return "\"" + pattern + "\" "; }

struct Width {
  std::size_t least = 0;
  std::size_t most = 0;
};

Result<Width, std::string> width_of(const std::string& pattern) {
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(pattern.c_str(), kFlags, &info, &error) != HS_SUCCESS)
    return Failure{quoted(pattern) + "is not a pattern: " + message_of(error)};
  const Width width{info->min_width, info->max_width};
  std::free(info);  // NOLINT(cppcoreguidelines-no-malloc): that is how Hyperscan gives it
  return width;
}

/// Why a pattern cannot be used for masking.
std::optional<std::string> refusal_of(const std::string& pattern, std::size_t& longest) {
  if (pattern.find('\0') != std::string::npos) return quoted(pattern) + "has a zero byte";
  if (pattern.size() > SecretPatterns::kTextMax) return "a pattern has 256 characters at most";
  const Result<Width, std::string> width = width_of(pattern);
  if (!width) return width.error();
  if (width->least == 0) return quoted(pattern) + "matches no bytes at all";
  if (width->most > SecretPatterns::kMatchMax)
    return quoted(pattern) + "may match more than " + std::to_string(SecretPatterns::kMatchMax) + " bytes";
  longest = std::max(longest, width->most);
  return std::nullopt;
}

int on_match(unsigned int /*id*/, unsigned long long from, unsigned long long to, unsigned int /*flags*/,
             void* context) {
  (*static_cast<const SecretSearch::Found*>(context))(from, to);
  return 0;
}

}  // namespace

Result<std::shared_ptr<const SecretPatterns>, std::string> SecretPatterns::compile(
    const std::vector<std::string>& patterns) {
  LIMPID_CHECK(!patterns.empty(), "no patterns need no database");
  if (hs_valid_platform() != HS_SUCCESS) return Failure<std::string>{"patterns need a processor with SSSE3"};
  std::size_t longest = 0;
  std::vector<const char*> texts;
  for (const std::string& pattern : patterns) {
    if (auto refusal = refusal_of(pattern, longest)) return Failure{std::move(*refusal)};
    texts.push_back(pattern.c_str());
  }
  const std::vector<unsigned int> flags(texts.size(), kFlags);
  std::vector<unsigned int> ids(texts.size());
  std::iota(ids.begin(), ids.end(), 0U);
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  const hs_error_t code =
      hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned int>(texts.size()),
                       HS_MODE_STREAM | HS_MODE_SOM_HORIZON_LARGE, nullptr, &database, &error);
  if (code != HS_SUCCESS) {
    const std::string which = error != nullptr && error->expression >= 0
                                  ? quoted(patterns[static_cast<std::size_t>(error->expression)])
                                  : std::string();
    return Failure{which + "is not a pattern: " + message_of(error)};
  }
  return std::shared_ptr<const SecretPatterns>(new SecretPatterns(database, longest));
}

SecretPatterns::~SecretPatterns() { hs_free_database(database_); }

SecretSearch::SecretSearch(std::shared_ptr<const SecretPatterns> patterns) : patterns_(std::move(patterns)) {
  LIMPID_CHECK(hs_alloc_scratch(patterns_->database_, &scratch_) == HS_SUCCESS, "no memory for a scratch");
}

SecretSearch::~SecretSearch() { hs_free_scratch(scratch_); }

SecretSearch::Stream::Stream(SecretSearch& search) : search_(search) {
  LIMPID_CHECK(hs_open_stream(search.patterns_->database_, 0, &stream_) == HS_SUCCESS,
               "no memory for a search");
}

// Without a function for matches it needs no scratch, and any thread may do it.
SecretSearch::Stream::~Stream() { hs_close_stream(stream_, nullptr, nullptr, nullptr); }

void SecretSearch::Stream::scan(Bytes bytes, const Found& found) {
  if (bytes.empty()) return;
  const hs_error_t code = hs_scan_stream(stream_, reinterpret_cast<const char*>(bytes.data()),
                                         static_cast<unsigned int>(bytes.size()), 0, search_.scratch_,
                                         on_match, const_cast<Found*>(&found));
  LIMPID_CHECK(code == HS_SUCCESS, "Hyperscan refuses its own database");
}

void SecretSearch::Stream::finish(const Found& found) {
  const hs_error_t code = hs_reset_stream(stream_, 0, search_.scratch_, on_match, const_cast<Found*>(&found));
  LIMPID_CHECK(code == HS_SUCCESS, "Hyperscan refuses its own database");
}

}  // namespace limpid::policy
