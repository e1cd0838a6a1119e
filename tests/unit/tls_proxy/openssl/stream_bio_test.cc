#include "tls_proxy/openssl/stream_bio.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/tls_proxy/memory_stream.h"

namespace limpid::testing {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

struct StreamBioTest : ::testing::Test {
  std::string read(int size) {
    std::array<char, 64> buffer{};
    const int result = BIO_read(bio.get(), buffer.data(), size);
    return result <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(result));
  }
  MemoryStream stream{Reason::client_reset};
  openssl::StreamBio bytes{stream};
  openssl::BioPtr bio = bytes.make();
};

TEST_F(StreamBioTest, ReadsWhatIsThereAndThenAsksToWait) {
  stream.deliver("abcdef");
  EXPECT_EQ(read(4), "abcd");
  EXPECT_EQ(read(4), "ef");
  EXPECT_EQ(read(4), "");
  EXPECT_TRUE(BIO_should_read(bio.get()));
}

TEST_F(StreamBioTest, KeepsTheEndOfTheStreamToItself) {
  stream.deliver_fin();
  EXPECT_EQ(read(4), "");
  EXPECT_TRUE(BIO_should_retry(bio.get()));
  EXPECT_EQ(BIO_eof(bio.get()), 0);
  EXPECT_TRUE(bytes.at_end());
}

TEST_F(StreamBioTest, ReadsWhatWasPutBackFirst) {
  bytes.put_back(bytes_of("first"));
  stream.deliver("then");
  stream.deliver_fin();
  EXPECT_FALSE(bytes.at_end());
  EXPECT_EQ(read(3), "fir");
  EXPECT_EQ(read(9), "st");
  EXPECT_EQ(read(9), "then");
  EXPECT_TRUE(bytes.at_end());
}

TEST_F(StreamBioTest, TakesEveryWriteAndKeepsWhatTheStreamHasNoMemoryFor) {
  stream.memory(4);
  EXPECT_EQ(BIO_write(bio.get(), "abcdef", 6), 6);
  EXPECT_EQ(BIO_write(bio.get(), "gh", 2), 2);
  EXPECT_FALSE(bytes.flushed());
  EXPECT_EQ(stream.take(), "abcd");
  bytes.finish();
  EXPECT_EQ(stream.take(), "efgh");
  bytes.flush();
  EXPECT_TRUE(bytes.flushed());
  EXPECT_TRUE(stream.fin_sent());
}

TEST_F(StreamBioTest, WritesNothingBehindItsFin) {
  bytes.finish();
  EXPECT_EQ(BIO_write(bio.get(), "alert", 5), 5);
  EXPECT_EQ(stream.take(), "");
  EXPECT_TRUE(bytes.flushed());
}

TEST_F(StreamBioTest, DropsWhatABrokenStreamDoesNotTake) {
  stream.deliver_reset();
  EXPECT_EQ(BIO_write(bio.get(), "lost", 4), 4);
  EXPECT_TRUE(bytes.flushed());
}

}  // namespace
}  // namespace limpid::testing
