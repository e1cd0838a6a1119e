#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

TEST(DataplaneSection, ReadsEveryKey) {
  const Configuration made = good_with(
      "dataplane:\n"
      "  cores: [3, 1]\n  memory: 2GiB\n  stream_memory: 64MiB\n  idle: busy\n  flows_max: 10\n"
      "  sessions_max: 20\n"
      "  limits: { client_sessions_max: 5, client_watched_max: 0, at_limit: reset }\n  drain: 1min\n  "
      "ledger: /var/ledger\n");
  EXPECT_EQ(made.dataplane.cores, (std::vector<std::uint16_t>{3, 1}));
  EXPECT_EQ(made.dataplane.memory_bytes, std::uint64_t{2} << 30U);
  EXPECT_EQ(made.dataplane.stream_memory_bytes, std::uint64_t{64} << 20U);
  EXPECT_EQ(made.dataplane.idle, Idle::kBusy);
  EXPECT_EQ(made.dataplane.flows_max, 10U);
  EXPECT_EQ(made.dataplane.sessions_max, 20U);
  EXPECT_EQ(made.dataplane.limits.client_sessions_max, 5U);
  EXPECT_EQ(made.dataplane.limits.client_watched_max, 0U) << "no limit";
  EXPECT_EQ(made.dataplane.limits.at_limit, AtLimit::kReset);
  EXPECT_EQ(made.dataplane.drain, std::chrono::minutes(1));
  EXPECT_EQ(made.dataplane.ledger, "/var/ledger");
}

TEST(DataplaneSection, ChoosesCoresByItself) {
  EXPECT_TRUE(good_with("dataplane: { cores: auto }\n").dataplane.cores.empty());
  EXPECT_TRUE(good_with("").dataplane.cores.empty());
}

TEST(DataplaneSection, SaysEverythingThatIsWrong) {
  EXPECT_EQ(
      said_with("dataplane:\n"
                "  cores: [1, x, 1, 5000]\n"
                "  memory: 4KiB\n"
                "  idle: lazy\n"
                "  flows_max: 0\n"
                "  drain: 30\n"
                "  hugepages: yes\n"),
      "9:14: dataplane.cores[1]: \"x\" is not a whole number\n"
      "    expected the number of a core, 0 to 1023\n"
      "9:17: dataplane.cores[2]: core 1 is here twice\n"
      "    expected one worker for each core\n"
      "9:20: dataplane.cores[3]: 5000 is out of range\n"
      "    expected the number of a core, 0 to 1023\n"
      "10:11: dataplane.memory: 4KiB is out of range\n"
      "    expected a size, 16MiB to 1TiB\n"
      "11:9: dataplane.idle: \"lazy\" is not a way to idle\n"
      "    expected one of: adaptive, busy\n"
      "12:14: dataplane.flows_max: 0 is out of range\n"
      "    expected the number of tracked flows, 1 to 100000000\n"
      "13:10: dataplane.drain: \"30\" is not a time\n"
      "    expected a time, 0ms to 1d        write a whole number with ms, s, min, h or d\n"
      "14:3: dataplane.hugepages: unknown key\n"
      "    expected one of: cores, memory, stream_memory, idle, flows_max, sessions_max, limits, drain, "
      "ledger\n");
}

TEST(DataplaneSection, SaysWhatIsWrongWithALimit) {
  EXPECT_EQ(
      said_with("dataplane:\n"
                "  limits: { client_sessions_max: -1, client_watched_max: 200000000, at_limit: drop }\n"),
      "9:34: dataplane.limits.client_sessions_max: \"-1\" is not a whole number\n"
      "    expected a number of intercepted sessions (0: no limit), 0 to 10000000\n"
      "9:58: dataplane.limits.client_watched_max: 200000000 is out of range\n"
      "    expected a number of watched flows (0: no limit), 0 to 100000000\n"
      "9:79: dataplane.limits.at_limit: \"drop\" is not a way to refuse a flow\n"
      "    expected one of: pass, reset\n");
}

TEST(InventorySection, KnowsOnlyFilesYet) {
  EXPECT_EQ(good_with("inventory: { database: /var/i.db }\n").inventory.database, "/var/i.db");
  EXPECT_EQ(said_with("inventory: { database: \"postgresql://db/limpid\" }\n"),
            "8:24: inventory.database: a PostgreSQL database is not supported by this version yet\n"
            "    expected the path of an SQLite file\n");
}

TEST(InventorySection, KeepsForEverUnlessToldOtherwise) {
  EXPECT_EQ(good_with("").inventory.keep, Duration::zero());
  EXPECT_EQ(good_with("inventory: { keep: 90d }\n").inventory.keep, std::chrono::hours(24 * 90));
  EXPECT_EQ(said_with("inventory: { keep: 0s }\n"),
            "8:20: inventory.keep: 0s is out of range\n    expected a time, 1h to 36500d\n");
}

TEST(ControlSection, RefusesAPathThatNoSocketCanHave) {
  EXPECT_EQ(good_with("control: { socket: /run/l.sock }\n").control.socket, "/run/l.sock");
  EXPECT_NE(said_with("control: { socket: /" + std::string(200, 'a') + " }\n").find("too long for a socket"),
            std::string::npos);
}

TEST(LoggingSection, ReadsLevelAndFile) {
  const Configuration made = good_with("logging: { level: warning, file: l.log }\n");
  EXPECT_EQ(made.logging.level, LogLevel::kWarning);
  EXPECT_EQ(made.logging.file, "/etc/limpid/l.log");
  EXPECT_EQ(said_with("logging: { level: warn }\n"),
            "8:19: logging.level: \"warn\" is not a log level\n"
            "    expected one of: debug, info, warning, error        did you mean \"warning\"?\n");
}

}  // namespace
}  // namespace limpid::config
