#include "tls_proxy/certificate/lru_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace limpid::certificate {
namespace {

using Cache = LruCache<int, std::string, std::hash<int>>;

TEST(LruCache, ForgetsWhatWasUsedLeastRecentlyWhenFull) {
  Cache cache(2);
  cache.put(1, "one");
  cache.put(2, "two");
  EXPECT_NE(cache.find(1), nullptr);
  cache.put(3, "three");
  EXPECT_EQ(cache.find(2), nullptr);
  EXPECT_EQ(*cache.find(1), "one");
  EXPECT_EQ(*cache.find(3), "three");
  EXPECT_EQ(cache.size(), 2U);
}

TEST(LruCache, PuttingAKnownKeyReplacesItsValueAndTakesNoPlace) {
  Cache cache(2);
  cache.put(1, "one");
  cache.put(2, "two");
  cache.put(1, "uno");
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(*cache.find(1), "uno");
  EXPECT_EQ(*cache.find(2), "two");
}

TEST(LruCache, ForgetsTheOldestUntilTheSizesFit) {
  Cache cache(10, 100);
  cache.put(1, "one", 40);
  cache.put(2, "two", 40);
  cache.put(3, "three", 60);  // both older ones are in its way
  EXPECT_EQ(cache.find(1), nullptr);
  EXPECT_NE(cache.find(2), nullptr);
  EXPECT_EQ(cache.bytes(), 100U);
  cache.put(4, "four", 1'000);
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_NE(cache.find(4), nullptr);
  cache.put(5, "five", 1);
  EXPECT_EQ(cache.find(4), nullptr);
  EXPECT_EQ(cache.bytes(), 1U);
}

TEST(LruCache, AReplacedValuesSizeIsCountedOnce) {
  Cache cache(10, 100);
  cache.put(1, "one", 60);
  cache.put(1, "uno", 70);
  EXPECT_EQ(cache.bytes(), 70U);
  cache.erase(1);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(LruCache, HandsOverWhatThePutOfANewKeyWouldForget) {
  Cache cache(2);
  EXPECT_EQ(cache.make_room(), std::nullopt);
  cache.put(1, "one");
  EXPECT_EQ(cache.make_room(), std::nullopt) << "there is room";
  cache.put(2, "two");
  cache.find(1);
  const auto oldest = cache.make_room();
  ASSERT_TRUE(oldest);
  EXPECT_EQ(oldest->first, 2);
  EXPECT_EQ(oldest->second, "two");
  EXPECT_EQ(cache.find(2), nullptr);
  EXPECT_NE(cache.find(1), nullptr);
}

}  // namespace
}  // namespace limpid::certificate
