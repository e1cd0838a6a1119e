#include "dataplane/tcp/chunked_stream.h"

#include <gtest/gtest.h>

#include <string>

namespace limpid::tcp {
namespace {

std::string read(const ChunkedStream& stream, Offset from, Offset to) {
  std::string text;
  while (from < to) {
    const Bytes piece = stream.piece(from, to);
    text += as_text(piece);
    from += static_cast<Offset>(piece.size());
  }
  return text;
}

TEST(ChunkedStream, KeepsBytesWrittenAnywhereInAnyOrder) {
  ChunkPool pool(16);
  ChunkedStream stream(pool);
  const std::string late(3000, 'z');
  const std::string early(2500, 'a');
  EXPECT_EQ(stream.write(2500, as_bytes(late)), 3000U);
  EXPECT_EQ(stream.write(0, as_bytes(early)), 2500U);
  EXPECT_EQ(read(stream, 0, 5500), early + late);
  EXPECT_EQ(stream.chunks(), 3U);
}

TEST(ChunkedStream, HoldsOnlyTheChunksThatWereWritten) {
  ChunkPool pool(16);
  ChunkedStream stream(pool);
  stream.write(0, as_bytes("x"));
  stream.write(Offset{100} * kChunkSize, as_bytes("y"));
  EXPECT_EQ(stream.chunks(), 2U);
  EXPECT_EQ(pool.used(), 2U);
  stream.release_below(Offset{50} * kChunkSize);
  EXPECT_EQ(pool.used(), 1U);
  EXPECT_EQ(read(stream, Offset{100} * kChunkSize, Offset{100} * kChunkSize + 1), "y");
}

TEST(ChunkedStream, StoresThePrefixForWhichThereIsMemory) {
  ChunkPool pool(2);
  ChunkedStream stream(pool);
  EXPECT_EQ(stream.write(2000, as_bytes(std::string(5000, 'q'))), 2 * kChunkSize - 2000);
  stream.clear();
  EXPECT_EQ(pool.used(), 0U);
}

TEST(ChunkedStream, GoesOnAtAnyOffsetAfterItWasEmptied) {
  ChunkPool pool(4);
  ChunkedStream stream(pool);
  for (Offset at = 0; at < 100'000; at += 1500) {
    ASSERT_EQ(stream.write(at, as_bytes(std::string(1500, 'k'))), 1500U);
    ASSERT_EQ(read(stream, at, at + 1500), std::string(1500, 'k'));
    stream.release_below(at + 1500);
  }
  EXPECT_LE(pool.used(), 1U);
}

}  // namespace
}  // namespace limpid::tcp
