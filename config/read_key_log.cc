// tls.key_log: where the secrets of sessions are written, and of which ones.
#include "config/conditions.h"
#include "config/sections.h"

namespace limpid::config {

void read_key_log(const Value& value, const Files& files, KeyLog& made) {
  auto section = Section::open(value);
  if (!section) return;
  const auto file = section->require("file", "file: where the lines are appended, as in SSLKEYLOGFILE");
  if (file) made.file = files.output(*file, "a key log").value_or("");
  read_list(*section, "hosts", "host patterns", made.hosts, read_pattern);
  section->finish();
}

}  // namespace limpid::config
