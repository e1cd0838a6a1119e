// A scanner for tests, whose only secret is one word.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/tool/masking.h"

namespace limpid::tool {

class WordScanner final : public SecretScanner {
 public:
  explicit WordScanner(std::string word) : word_(std::move(word)) {}
  std::unique_ptr<SecretStream> open() override { return std::make_unique<Stream>(word_); }
  std::size_t longest() const override { return word_.size(); }

 private:
  class Stream final : public SecretStream {
   public:
    explicit Stream(std::string word) : word_(std::move(word)) {}
    void scan(Bytes bytes, const Found& found) override {
      for (const char c : as_text(bytes)) {
        text_ += c;
        if (text_.ends_with(word_)) found(text_.size() - word_.size(), text_.size());
      }
    }
    void finish(const Found& /*found*/) override {}

   private:
    std::string word_;
    std::string text_;
  };

  std::string word_;
};

}  // namespace limpid::tool
