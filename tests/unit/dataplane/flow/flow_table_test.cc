#include "dataplane/flow/flow_table.h"

#include <gtest/gtest.h>

#include <map>

#include "dataplane/base/random.h"

namespace limpid::flow {
namespace {

FlowKey key(std::uint32_t number) {
  FlowKey key;
  std::memcpy(key.low_address.data(), &number, sizeof number);
  key.low_port = 1;
  return key;
}

TEST(FlowTable, FindsWhatWasInsertedUntilItIsErased) {
  FlowTable table(4, {.one = 1, .other = 2});
  const std::uint32_t flow = table.insert(key(1), table.hash(key(1)));
  EXPECT_EQ(table.find(key(1), table.hash(key(1))), flow);
  EXPECT_EQ(table.find(key(2), table.hash(key(2))), kNoFlow);
  table.erase(flow);
  EXPECT_EQ(table.find(key(1), table.hash(key(1))), kNoFlow);
}

TEST(FlowTable, RefusesMoreThanItsLimit) {
  FlowTable table(3, {.one = 1, .other = 2});
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_NE(table.insert(key(i), table.hash(key(i))), kNoFlow);
  EXPECT_TRUE(table.full());
  EXPECT_EQ(table.insert(key(9), table.hash(key(9))), kNoFlow);
}

TEST(FlowTable, AgreesWithAMapThroughInsertionsAndErasures) {
  SeededRandom random(3);
  FlowTable table(200, {.one = 5, .other = 6});
  std::map<std::uint32_t, std::uint32_t> model;
  for (int step = 0; step < 50'000; ++step) {
    const auto number = static_cast<std::uint32_t>(random.next() % 400);
    // Few distinct hashes: long runs of colliding slots.
    const std::uint32_t hash = number % 37 * 3;
    const std::uint32_t found = table.find(key(number), hash);
    const auto known = model.find(number);
    ASSERT_EQ(found, known == model.end() ? kNoFlow : known->second) << "step " << step;
    if (known != model.end()) {
      table.erase(found);
      model.erase(known);
    } else if (!table.full()) {
      model[number] = table.insert(key(number), hash);
    }
    ASSERT_EQ(table.size(), model.size());
  }
}

TEST(FlowList, KeepsTheOrderAndForgetsFromTheMiddle) {
  FlowTable table(4, {.one = 1, .other = 2});
  FlowList list(ListNumber::kOpening);
  for (std::uint32_t i = 0; i < 3; ++i) list.push(table, table.insert(key(i), table.hash(key(i))));
  list.remove(table, 1);
  EXPECT_EQ(list.oldest(), 0U);
  list.remove(table, 0);
  EXPECT_EQ(list.oldest(), 2U);
  list.remove(table, 2);
  EXPECT_EQ(list.oldest(), kNoFlow);
}

}  // namespace
}  // namespace limpid::flow
