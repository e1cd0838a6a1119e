#include "control/command_ask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "control/inventory_database.h"
#include "control/learnt_report.h"
#include "control/protocol.h"
#include "tests/unit/control/socket_fixture.h"

namespace limpid::control {
namespace {

using ::testing::HasSubstr;

class CommandAskTest : public ::testing::Test {
 protected:
  Folder folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandAskTest, PrintsTextForPeopleAndJsonForMachines) {
  FakeBackend backend;
  const ServedSocket served(backend);
  EXPECT_EQ(ask_sessions({.socket = served.path()}, {}, out_, err_), 0);
  EXPECT_EQ(out_.str(), sessions_text({live_session()}));
  out_.str("");
  EXPECT_EQ(ask_certificates({.socket = served.path(), .json = true}, {}, now(), out_, err_), 0);
  EXPECT_EQ(out_.str(), certificates_json({certificate_row()}));
  out_.str("");
  EXPECT_EQ(ask_stats({.socket = served.path()}, out_, err_), 0);
  EXPECT_EQ(out_.str(), stats_text(some_stats()));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(CommandAskTest, ShowsWhySessionsFailedWhereThoseAreAskedFor) {
  FakeBackend backend;
  backend.session_rows = {failed_session()};
  const ServedSocket served(backend);
  SessionQuery query;
  query.failed = true;
  EXPECT_EQ(ask_sessions({.socket = served.path()}, query, out_, err_), 0);
  EXPECT_EQ(out_.str(), failures_text({failed_session()}));
}

TEST_F(CommandAskTest, TakesAToolOutOfServiceAndBackAndSaysWhatThatMeans) {
  FakeBackend backend;
  const ServedSocket served(backend);
  EXPECT_EQ(ask_service({.socket = served.path()}, "ips", false, out_, err_), 0);
  EXPECT_THAT(out_.str(), HasSubstr("ips is out of service: new sessions go past it"));
  EXPECT_EQ(ask_service({.socket = served.path()}, "ips", true, out_, err_), 0);
  EXPECT_THAT(out_.str(), HasSubstr("ips is in service; it is up"));
  EXPECT_EQ(ask_service({.socket = served.path()}, "isp", false, out_, err_), 1);
  EXPECT_THAT(err_.str(), HasSubstr("there is no inline tool isp"));
}

TEST_F(CommandAskTest, ShowsWhatWasLearntAndTakesTheOperatorsWordOnIt) {
  FakeBackend backend;
  const ServedSocket served(backend);
  const AskArguments where{.socket = served.path()};
  EXPECT_EQ(ask_learnt(where, {}, false, out_, err_), 0);
  EXPECT_EQ(out_.str(), learnt_text({learnt_row()}));
  out_.str("");
  EXPECT_EQ(ask_learnt(where, {}, true, out_, err_), 0);
  EXPECT_EQ(out_.str(), learnt_rules({learnt_row()}));
  EXPECT_EQ(judge_learnt(where, "0123456789ab", LearntVerdict::kAccept, out_, err_), 0);
  EXPECT_THAT(out_.str(), HasSubstr("is accepted: passed until it is forgotten\n"));
  EXPECT_EQ(judge_learnt(where, "nobody", LearntVerdict::kForget, out_, err_), 1);
  EXPECT_EQ(err_.str(), "limpid: there is no entry nobody\n");
}

TEST_F(CommandAskTest, SaysThatLimpidIsNotRunningAndWhatToDo) {
  const std::string socket = folder_.file("limpid.sock");
  EXPECT_EQ(ask_sessions({.socket = socket}, {}, out_, err_), 1);
  EXPECT_THAT(err_.str(), HasSubstr("limpid is not running: nobody listens at " + socket));
  EXPECT_THAT(err_.str(), HasSubstr("limpid run -c FILE"));
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(ask_certificates({.socket = socket}, {}, now(), out_, err_), 1);
  EXPECT_THAT(err_.str(), HasSubstr("--database"));
}

TEST_F(CommandAskTest, ReadsTheInventoryItselfWhereLimpidIsNotRunning) {
  const std::string database = folder_.file("inventory.db");
  ASSERT_TRUE(InventoryDatabase::open(database).ok());
  AskArguments arguments{.socket = folder_.file("limpid.sock")};
  arguments.database_if_stopped = database;
  EXPECT_EQ(ask_certificates(arguments, {}, now(), out_, err_), 0);
  EXPECT_EQ(out_.str(), "no certificates\n");
  EXPECT_EQ(ask_certificates({.database = database, .json = true}, {}, now(), out_, err_), 0);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(CommandAskTest, ADatabaseThatCannotBeReadIsNamed) {
  EXPECT_EQ(ask_certificates({.database = "/nonexistent/inventory.db"}, {}, now(), out_, err_), 1);
  EXPECT_THAT(err_.str(), HasSubstr("/nonexistent/inventory.db"));
}

TEST_F(CommandAskTest, FailsWhereItsAnswerCannotBeWritten) {
  FakeBackend backend;
  const ServedSocket served(backend);
  out_.setstate(std::ios::badbit);
  EXPECT_EQ(ask_stats({.socket = served.path()}, out_, err_), 1);
}

}  // namespace
}  // namespace limpid::control
