#include "control/table.h"

#include <gtest/gtest.h>

namespace limpid::control {
namespace {

TEST(Table, AlignsColumnsAndLeavesNoSpacesAtTheEnd) {
  Table table({{"NAME"}, {"COUNT", 10, true}, {"NOTE"}});
  table.add({"a", "1", "x"});
  table.add({"longer", "1234567", ""});
  EXPECT_EQ(table.text(),
            "NAME      COUNT  NOTE\n"
            "a             1  x\n"
            "longer  1234567\n");
}

TEST(Table, CountsCharactersAndNotBytes) {
  Table table({{"A"}, {"B"}});
  table.add({"ä", "1"});
  table.add({"aa", "2"});
  EXPECT_EQ(table.text(), "A   B\nä   1\naa  2\n");
}

TEST(Table, ShortensAndCleansWhatPeersWrote) {
  Table table({{"A", 6}});
  table.add({"\x1b[31mred"});
  EXPECT_EQ(table.text(), "A\n\\x1b[…\n");
}

}  // namespace
}  // namespace limpid::control
