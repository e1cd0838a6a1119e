#include "control/control_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "control/protocol.h"
#include "control/unix_socket.h"
#include "dataplane/base/descriptor.h"
#include "tests/unit/control/socket_fixture.h"

namespace limpid::control {
namespace {

TEST(ControlClient, ReadsAnAnswerOfAnyLength) {
  FakeBackend backend;
  backend.session_rows.assign(2'000, live_session());
  const ServedSocket served(backend);
  const auto line = ask(served.path(), request(SessionQuery{}), std::chrono::seconds(60));
  ASSERT_TRUE(line.ok()) << line.error().sentence;
  EXPECT_EQ(read_sessions(*line)->size(), 2'000U);
}

TEST(ControlClient, KnowsThatNobodyListens) {
  const Folder folder;
  const auto line = ask(folder.file("limpid.sock"), version_request(), std::chrono::seconds(1));
  ASSERT_FALSE(line.ok());
  EXPECT_TRUE(line.error().not_running);
  EXPECT_THAT(line.error().sentence, ::testing::HasSubstr("limpid is not running"));
}

TEST(ControlClient, DoesNotWaitForEverForAnAnswer) {
  const Folder folder;
  const Descriptor silent(::socket(AF_UNIX, SOCK_STREAM, 0));
  const sockaddr_un address = *unix_address(folder.file("silent.sock"));
  ASSERT_EQ(::bind(silent.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(silent.number(), 1), 0);
  const auto line = ask(folder.file("silent.sock"), version_request(), std::chrono::milliseconds(20));
  ASSERT_FALSE(line.ok());
  EXPECT_FALSE(line.error().not_running);
  EXPECT_THAT(line.error().sentence, ::testing::HasSubstr("timed out"));
}

}  // namespace
}  // namespace limpid::control
