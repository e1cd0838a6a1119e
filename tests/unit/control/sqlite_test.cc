#include "control/sqlite.h"

#include <gtest/gtest.h>

namespace limpid::control {
namespace {

constexpr int kInMemory = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY;

TEST(Sqlite, ValuesComeBackAsTheyWere) {
  Sqlite database("test", kInMemory);
  database.run("CREATE TABLE t (a TEXT NOT NULL, b INTEGER NOT NULL, c BLOB NOT NULL)");
  Statement insert(database, "INSERT INTO t VALUES (?1, ?2, ?3)");
  const std::string blob("\0\xff", 2);
  insert.bind(1, std::string_view()).bind(2, std::int64_t{-7}).bind_blob(3, blob);
  EXPECT_FALSE(insert.step());
  Statement select(database, "SELECT a, b, c FROM t");
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.text(0), "");
  EXPECT_EQ(select.number(1), -7);
  EXPECT_EQ(select.text(2), blob);
  EXPECT_FALSE(select.step());
}

TEST(Sqlite, AnErrorNamesTheFileAndWhatIsWrong) {
  Sqlite database("test", kInMemory);
  try {
    database.run("SELECT nonsense");
    ADD_FAILURE() << "no error";
  } catch (const SqliteError& error) {
    EXPECT_EQ(error.sentence, "test: no such column: nonsense");
  }
}

}  // namespace
}  // namespace limpid::control
