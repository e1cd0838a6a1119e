#include "dataplane/tool/stream_mask.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/dataplane/tool/word_scanner.h"

namespace limpid::tool {
namespace {

class StreamMaskTest : public testing::Test {
 protected:
  StreamMaskTest() {
    masking_.headers = {"cookie"};
    masking_.card_numbers = true;
    masking_.scanner = std::make_unique<WordScanner>("password");
  }
  static std::string take(StreamMask& mask, std::string_view text) {
    StreamMask::Buffer out;
    mask.take(as_bytes(text), out);
    return std::string(as_text(out));
  }
  static std::string skip(StreamMask& mask, std::uint64_t bytes) {
    StreamMask::Buffer out;
    mask.skip(bytes, out);
    return std::string(as_text(out));
  }
  static std::string finish(StreamMask& mask) {
    StreamMask::Buffer out;
    mask.finish(out);
    return std::string(as_text(out));
  }
  std::string whole(std::string_view text, std::size_t piece) const {
    StreamMask mask(masking_);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += piece) out += take(mask, text.substr(at, piece));
    return out + finish(mask);
  }

  Masking masking_;
};

TEST_F(StreamMaskTest, MasksEverythingThatItIsToldToHoweverTheStreamIsCut) {
  const std::string text =
      "POST / HTTP/1.1\r\nCookie: 4111111111111111\r\n\r\nmy password is 4111 1111 1111 1111\nthe passwor"
      "d, 7, password";
  const std::string expected =
      "POST / HTTP/1.1\r\nCookie:xxxxxxxxxxxxxxxxx\r\n\r\nmy xxxxxxxx is xxxx xxxx xxxx xxxx\nthe xxxxxxxx"
      ", 7, xxxxxxxx";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) EXPECT_EQ(whole(text, piece), expected) << piece;
}

TEST_F(StreamMaskTest, WhatIsMaskedForOneReasonIsStillReadForAnother) {
  masking_.scanner = std::make_unique<WordScanner>("Cookie:");
  EXPECT_EQ(whole("\nCookie: abc\n", 4), "\nxxxxxxxxxxx\n");
}

TEST_F(StreamMaskTest, ALineIsToldWholeAtItsEnd) {
  StreamMask mask(masking_);
  EXPECT_EQ(take(mask, "GET / HTTP/1.1\r\n\r\n"), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(take(mask, "body"), "");
  EXPECT_EQ(finish(mask), "body");
}

TEST_F(StreamMaskTest, ThereIsNeverMoreHeldBackThanASecretIsLong) {
  StreamMask mask(masking_);
  const std::string text(10'000, 'a');
  EXPECT_EQ(take(mask, text).size(), text.size() - (std::string_view("password").size() - 1));
}

TEST_F(StreamMaskTest, WithoutPatternsOnlyDigitsAreHeldBack) {
  masking_.scanner.reset();
  StreamMask mask(masking_);
  EXPECT_EQ(take(mask, "the body ends"), "the body ends");
  EXPECT_EQ(take(mask, " here: 41"), " here: ");
  EXPECT_EQ(take(mask, "."), "41.");
}

TEST_F(StreamMaskTest, AroundALossNothingOfASecretIsShown) {
  StreamMask mask(masking_);
  EXPECT_EQ(take(mask, "a\nmy passw"), "a\nm") << "the longest secret has eight bytes";
  EXPECT_EQ(skip(mask, 3), "xxxxxxx");
  EXPECT_EQ(take(mask, "rd 1111\nplain\n"), "xxxxxxx\nplain\n");
}

TEST_F(StreamMaskTest, AfterALossPatternsAreFoundAtTheirPlace) {
  masking_.headers.clear();
  StreamMask mask(masking_);
  take(mask, "12345");
  skip(mask, 100);
  EXPECT_EQ(take(mask, "x\nold password\n"), "x\nold xxxxxxxx\n");
}

TEST_F(StreamMaskTest, AsManyBytesComeOutAsWentIn) {
  StreamMask mask(masking_);
  std::size_t out = 0;
  std::size_t in = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    const std::string piece(i % 37, static_cast<char>('0' + i % 20));
    in += piece.size();
    out += take(mask, piece).size();
  }
  EXPECT_EQ(out + finish(mask).size(), in);
}

}  // namespace
}  // namespace limpid::tool
