#include "dataplane/tool/mask_headers.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace limpid::tool {
namespace {

const std::vector<std::string> kNames{"authorization", "cookie", "set-cookie"};

class HeaderMaskTest : public testing::Test {
 protected:
  /// The next bytes as they are shown.
  std::string shown(std::string_view text) {
    std::vector<std::byte> copy(as_bytes(text).begin(), as_bytes(text).end());
    mask_.mask(as_bytes(text), copy);
    return std::string(as_text(copy));
  }
  /// The whole of a stream that comes in pieces of so many bytes.
  static std::string cut(std::string_view text, std::size_t piece) {
    HeaderMaskTest fresh;
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += piece) out += fresh.shown(text.substr(at, piece));
    return out;
  }
  void TestBody() override {}

  HeaderMask mask_{kNames};
};

std::string frame(std::uint8_t type, std::string_view payload) {
  std::string made{'\0', '\0', static_cast<char>(payload.size()), static_cast<char>(type), '\0'};
  return made + std::string("\0\0\0\1", 4) + std::string(payload);
}

TEST_F(HeaderMaskTest, TheValuesOfNamedFieldsAreMaskedAndNothingElse) {
  EXPECT_EQ(shown("GET /cookie: HTTP/1.1\r\nHost: cookie: a\r\nCookie: id=7; b\r\nCookies: c\r\n\r\ncookie"),
            "GET /cookie: HTTP/1.1\r\nHost: cookie: a\r\nCookie:xxxxxxxx\r\nCookies: c\r\n\r\ncookie");
}

TEST_F(HeaderMaskTest, HoweverTheNameIsWritten) {
  EXPECT_EQ(shown("x\nAUTHORIZATION:Basic\nset-cookie \t: a\nHost: b\n Cookie: c\n"),
            "x\nAUTHORIZATION:xxxxx\nset-cookie \t:xx\nHost: b\n Cookie:xx\n");
}

TEST_F(HeaderMaskTest, LinesThatGoOnAreMaskedWithTheirField) {
  EXPECT_EQ(shown("x\r\nCookie: a\r\n  b\r\n\tc\r\nHost: d\r\n e\r\n\r\n"),
            "x\r\nCookie:xx\r\nxxx\r\nxx\r\nHost: d\r\n e\r\n\r\n");
}

TEST_F(HeaderMaskTest, ABareCarriageReturnEndsNoSecretAndMayBeginOne) {
  EXPECT_EQ(shown("x\rCookie: a\rb\nc"), "x\rCookie:xx\rx\nc");
}

TEST_F(HeaderMaskTest, WhateverTheMessageSeemsToBe) {
  // A length that lies, a body that looks like a header: a line is a line.
  EXPECT_EQ(shown("POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\nGET / HTTP/1.1\r\nCookie: a\r\n\r\n"),
            "POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\nGET / HTTP/1.1\r\nCookie:xx\r\n\r\n");
}

TEST_F(HeaderMaskTest, WhereverTheStreamIsCut) {
  const std::string text =
      "GET / HTTP/1.1\r\nAuthorization: Bearer abc\r\n def\r\nHost: a\r\nCookie: b\r\n\r\nbody";
  const std::string whole = shown(text);
  EXPECT_EQ(whole, "GET / HTTP/1.1\r\nAuthorization:xxxxxxxxxxx\r\nxxxx\r\nHost: a\r\nCookie:xx\r\n\r\nbody");
  for (std::size_t piece = 1; piece < 20; ++piece) EXPECT_EQ(cut(text, piece), whole) << piece;
}

TEST_F(HeaderMaskTest, AfterALossALineIsMaskedToItsEnd) {
  EXPECT_EQ(shown("GET / HT"), "GET / HT");
  mask_.lose_place();
  EXPECT_EQ(shown("b\r\n c\r\nHost: d\r\n"), "x\r\nxx\r\nHost: d\r\n");
}

TEST_F(HeaderMaskTest, OfHttp2TheHeaderBlocksAreMaskedWhole) {
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const std::string text = preface + frame(4, "settin") + frame(1, "secret") + frame(9, "more") +
                           frame(0, "data\r\nCookie: shown") + frame(5, "promised") + frame(6, "pingpong");
  const std::string expected = preface + frame(4, "settin") + frame(1, "xxxxxx") + frame(9, "xxxx") +
                               frame(0, "data\r\nCookie: shown") + frame(5, "xxxxxxxx") +
                               frame(6, "pingpong");
  for (std::size_t piece = 1; piece < 40; ++piece) EXPECT_EQ(cut(text, piece), expected) << piece;
}

TEST_F(HeaderMaskTest, AServersHttp2BeginsWithItsSettings) {
  const std::string settings = std::string("\0\0\6\4\0\0\0\0\0", 9) + "settin";
  const std::string text = settings + frame(1, "secret") + frame(0, "shown");
  const std::string expected = settings + frame(1, "xxxxxx") + frame(0, "shown");
  for (std::size_t piece = 1; piece < 30; ++piece) EXPECT_EQ(cut(text, piece), expected) << piece;
}

TEST_F(HeaderMaskTest, AfterALossNobodyKnowsWhereAFrameBegins) {
  shown("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  mask_.lose_place();
  EXPECT_EQ(shown("abc\r\n\r\ndef"), "xxxxxxxxxx");
}

TEST_F(HeaderMaskTest, WhatOnlyBeginsLikeHttp2IsReadAsLines) {
  EXPECT_EQ(shown("PRI * HTTP/2.0\r\n\r\nSN\r\nCookie: a\n"), "PRI * HTTP/2.0\r\n\r\nSN\r\nCookie:xx\n");
}

}  // namespace
}  // namespace limpid::tool
