#include "control/masking.h"

#include <utility>

namespace limpid::control {

namespace {

class PatternStream final : public tool::SecretStream {
 public:
  explicit PatternStream(policy::SecretSearch& search) : stream_(search) {}
  void scan(Bytes bytes, const Found& found) override { stream_.scan(bytes, found); }
  void finish(const Found& found) override { stream_.finish(found); }

 private:
  policy::SecretSearch::Stream stream_;
};

class PatternScanner final : public tool::SecretScanner {
 public:
  explicit PatternScanner(std::shared_ptr<const policy::SecretPatterns> patterns)
      : search_(std::move(patterns)) {}
  std::unique_ptr<tool::SecretStream> open() override { return std::make_unique<PatternStream>(search_); }
  std::size_t longest() const override { return search_.longest(); }

 private:
  policy::SecretSearch search_;
};

}  // namespace

Result<MaskMaker, std::string> MaskMaker::compile(const config::Mask& mask) {
  MaskMaker made;
  made.mask_ = mask;
  if (mask.patterns.empty()) return made;
  auto patterns = policy::SecretPatterns::compile(mask.patterns);
  if (!patterns) return Failure{patterns.error()};
  made.patterns_ = std::move(patterns).value();
  return made;
}

std::unique_ptr<tool::Masking> MaskMaker::make() const {
  if (!mask_.wanted()) return nullptr;
  auto masking = std::make_unique<tool::Masking>();
  masking->headers = mask_.headers;
  masking->card_numbers = mask_.card_numbers;
  if (patterns_) masking->scanner = std::make_unique<PatternScanner>(patterns_);
  return masking;
}

}  // namespace limpid::control
