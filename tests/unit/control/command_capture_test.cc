#include "control/command_capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sstream>

#include "tests/unit/control/socket_fixture.h"

namespace limpid::control {
namespace {

using ::testing::HasSubstr;

class CommandCaptureTest : public ::testing::Test {
 protected:
  int run(const std::string& socket, bool json = false) {
    return capture(
        {.socket = socket, .json = json}, {.file = file_, .query = {}},
        [this](Duration) { return ++waits_ > patience_; }, out_, err_);
  }
  Folder folder_;
  std::string file_ = folder_.file("a.pcapng");
  int waits_ = 0;
  int patience_ = 1'000;  // after so many waits it is interrupted
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandCaptureTest, WritesWhatComesAndSaysHowFarItIs) {
  FakeBackend backend;
  backend.captures = {
      {.number = 7},
      {.number = 7, .sessions = 1, .failed = 1, .lost = 0, .over = "", .bytes = "ab"},
      {.number = 7, .sessions = 2, .failed = 1, .lost = 0, .over = "all sessions recorded", .bytes = "cd"}};
  const ServedSocket served(backend);
  EXPECT_EQ(run(served.path()), 0) << err_.str();
  EXPECT_EQ(contents(file_), "abcd");
  EXPECT_EQ(out_.str(), "recording; Ctrl-C ends it\n1 sessions, 1 of them failed\n" + file_ +
                            ": 2 sessions, 1 of them failed (all sessions recorded)\n");
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(CommandCaptureTest, IsEndedByCtrlCAndTakesWhatIsThereByThen) {
  FakeBackend backend;
  backend.captures = {
      {.number = 7}, {.number = 7, .bytes = "ab"}, {.number = 7, .bytes = "cd"}, {.number = 7}};
  const ServedSocket served(backend);
  patience_ = 2;
  EXPECT_EQ(run(served.path(), true), 0) << err_.str();
  EXPECT_TRUE(backend.capture_stopped);
  EXPECT_EQ(contents(file_), "abcd");
  EXPECT_THAT(out_.str(), HasSubstr("\"over\": \"stopped\""));
  EXPECT_EQ(out_.str().find("recording"), std::string::npos) << "machines read this";
}

TEST_F(CommandCaptureTest, LeavesNoFileWhereItIsRefused) {
  FakeBackend backend;
  const ServedSocket served(backend);
  EXPECT_EQ(run(served.path()), 1);
  EXPECT_THAT(err_.str(), HasSubstr("another capture is running"));
  EXPECT_NE(::access(file_.c_str(), F_OK), 0);
  EXPECT_EQ(run(folder_.file("nobody.sock")), 1);
  EXPECT_THAT(err_.str(), HasSubstr("limpid is not running"));
}

TEST_F(CommandCaptureTest, DoesNotWriteOverAFile) {
  FakeBackend backend;
  backend.captures = {{.number = 7}, {.number = 7}};
  const ServedSocket served(backend);
  std::ofstream(file_) << "dear to somebody";
  EXPECT_EQ(run(served.path()), 1);
  EXPECT_THAT(err_.str(), HasSubstr(file_ + ": cannot be written: File exists"));
  EXPECT_EQ(contents(file_), "dear to somebody");
}

TEST_F(CommandCaptureTest, SaysSoWhereLimpidEndsBeforeIt) {
  FakeBackend backend;
  backend.captures = {{.number = 7}, {.number = 7, .bytes = "ab"}};
  const ServedSocket served(backend);
  EXPECT_EQ(run(served.path()), 1);
  EXPECT_THAT(err_.str(), HasSubstr("this capture has ended; " + file_ + " has what came before"));
  EXPECT_EQ(contents(file_), "ab");
}

}  // namespace
}  // namespace limpid::control
