#include "policy/pattern_database.h"

#include <hs/hs.h>

#include <array>

#include "dataplane/base/check.h"

namespace limpid::policy {

namespace {

// Every pattern becomes one literal over the text "^host$": '^' and '$' stand for the ends and cannot occur in
// a host. "a.example" is "^a.example$", "*.example" is ".example$", "*" is "$". Literals compile and scan
// faster than expressions, and there is nothing in them to escape.
std::string literal_of(std::string_view pattern) {
  if (pattern == "*") return "$";
  if (pattern.starts_with("*.")) return std::string(pattern.substr(1)) + "$";
  return "^" + std::string(pattern) + "$";
}

int on_match(unsigned int id, unsigned long long, unsigned long long, unsigned int, void* matched) {
  static_cast<std::vector<std::uint32_t>*>(matched)->push_back(id);
  return 0;
}

constexpr std::size_t kTextMax = 1024;  // a host has at most 253 characters; longer text matches nothing

}  // namespace

PatternScratch::PatternScratch(const PatternDatabase& database) {
  if (database.database_ == nullptr) return;
  hs_scratch_t* scratch = nullptr;
  const hs_error_t error = hs_alloc_scratch(static_cast<const hs_database_t*>(database.database_), &scratch);
  LIMPID_CHECK(error == HS_SUCCESS, "no memory for Hyperscan's scratch");
  scratch_ = scratch;
}

PatternScratch::~PatternScratch() { hs_free_scratch(static_cast<hs_scratch_t*>(scratch_)); }

PatternDatabase::~PatternDatabase() { hs_free_database(static_cast<hs_database_t*>(database_)); }

Result<std::unique_ptr<const PatternDatabase>, std::string> PatternDatabase::compile(
    const std::vector<std::string>& patterns) {
  std::unique_ptr<PatternDatabase> made(new PatternDatabase());
  if (patterns.empty()) return std::unique_ptr<const PatternDatabase>(std::move(made));

  std::vector<std::string> literals;
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  literals.reserve(patterns.size());
  for (const std::string& pattern : patterns) literals.push_back(literal_of(pattern));
  for (const std::string& literal : literals) {
    texts.push_back(literal.c_str());
    lengths.push_back(literal.size());
  }
  const std::vector<unsigned int> flags(patterns.size(), HS_FLAG_SINGLEMATCH);
  std::vector<unsigned int> ids(patterns.size());
  for (unsigned int i = 0; i < ids.size(); ++i) ids[i] = i;

  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), lengths.data(),
                           static_cast<unsigned int>(patterns.size()), HS_MODE_BLOCK, nullptr, &database,
                           &error) != HS_SUCCESS) {
    std::string message = error != nullptr ? error->message : "unknown error";
    hs_free_compile_error(error);
    return Failure{"Hyperscan could not compile the host patterns: " + message};
  }
  made->database_ = database;
  return std::unique_ptr<const PatternDatabase>(std::move(made));
}

void PatternDatabase::find(std::string_view host, PatternScratch& scratch, std::vector<std::uint32_t>& matched) const {
  std::array<char, kTextMax> text{};
  if (database_ == nullptr || host.empty() || host.size() + 2 > text.size()) return;
  text[0] = '^';
  host.copy(text.data() + 1, host.size());
  text[host.size() + 1] = '$';
  hs_scan(static_cast<const hs_database_t*>(database_), text.data(), static_cast<unsigned int>(host.size() + 2), 0,
          static_cast<hs_scratch_t*>(scratch.scratch_), on_match, &matched);
}

std::string hyperscan_version() { return hs_version(); }

}  // namespace limpid::policy
