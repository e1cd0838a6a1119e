// SQLite as a few calls: a connection, a statement, and an error that is a sentence. Included by the
// inventory's sources only. Errors travel as SqliteError and stop at InventoryDatabase and
// read_certificates().
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace limpid::control {

struct SqliteError {
  std::string sentence;
};

class Sqlite {
 public:
  Sqlite(const std::string& path, int flags);

  /// One or more statements without results.
  void run(const char* sql);
  std::int64_t number(const char* sql);  // the first column of the first row
  sqlite3* handle() { return handle_.get(); }
  [[noreturn]] void fail();

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

class Statement {
 public:
  Statement(Sqlite& database, const char* sql);

  // Parameters are numbered from 1. Texts and blobs live until the next step() or reset().
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, std::int64_t number);
  Statement& bind_blob(int index, std::string_view bytes);

  /// True: there is a row.
  bool step();
  void reset();

  // Columns are numbered from 0.
  std::int64_t number(int column) { return sqlite3_column_int64(handle_.get(), column); }
  std::string text(int column);

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  void check(int code);
  Sqlite& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

}  // namespace limpid::control
