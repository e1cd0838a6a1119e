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

}  // namespace
}  // namespace limpid::certificate
