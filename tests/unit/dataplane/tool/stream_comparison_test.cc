#include "dataplane/tool/stream_comparison.h"

#include <gtest/gtest.h>

#include <string>

#include "dataplane/base/random.h"

namespace limpid::tool {
namespace {

std::string some_bytes(std::size_t size) {
  SeededRandom random(7);
  std::string bytes(size, '\0');
  random.fill({reinterpret_cast<std::byte*>(bytes.data()), size});
  return bytes;
}

/// Goes in as a whole, and comes out in pieces that are at most `piece` long.
StreamComparison passed(const std::string& in, const std::string& out, std::size_t piece) {
  StreamComparison comparison;
  comparison.went_in(as_bytes(in));
  for (std::size_t at = 0; at < out.size(); at += piece)
    comparison.came_out(as_bytes(std::string_view(out).substr(at, piece)));
  return comparison;
}

TEST(StreamComparison, TheSameBytesAreTheSameHoweverTheyComeInPieces) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{31}, std::size_t{32}, std::size_t{33}, std::size_t{1'000}}) {
    const std::string stream = some_bytes(size);
    for (std::size_t piece = 1; piece <= 70; ++piece) {
      StreamComparison comparison = passed(stream, stream, piece);
      comparison.ended();
      EXPECT_FALSE(comparison.modified()) << size << " bytes in pieces of " << piece;
    }
  }
}

TEST(StreamComparison, OneOtherByteIsSeenWhereverItIs) {
  const std::string stream = some_bytes(200);
  for (std::size_t at = 0; at < stream.size(); ++at) {
    std::string changed = stream;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_TRUE(passed(stream, changed, 17).modified()) << at;
  }
}

TEST(StreamComparison, WhatIsStillWithinTheToolIsNoChange) {
  const std::string stream = some_bytes(200);
  EXPECT_FALSE(passed(stream, stream.substr(0, 150), 17).modified());
}

TEST(StreamComparison, AStreamThatEndsTooEarlyOrIsTooLongIsChanged) {
  const std::string stream = some_bytes(200);
  StreamComparison shorter = passed(stream, stream.substr(0, 199), 17);
  shorter.ended();
  EXPECT_TRUE(shorter.modified());
  EXPECT_TRUE(passed(stream, stream + "x", 17).modified());
}

TEST(StreamComparison, BytesThatChangePlacesAreSeen) {
  const std::string stream = some_bytes(128);
  EXPECT_TRUE(passed(stream, stream.substr(32, 32) + stream.substr(0, 32) + stream.substr(64), 9).modified());
  EXPECT_TRUE(passed(stream, stream.substr(8, 8) + stream.substr(0, 8) + stream.substr(16), 9).modified());
}

}  // namespace
}  // namespace limpid::tool
