#include "control/control_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "control/protocol.h"
#include "control/unix_socket.h"
#include "dataplane/base/descriptor.h"
#include "tests/unit/control/socket_fixture.h"

namespace limpid::control {
namespace {

using ::testing::HasSubstr;

/// A client that sends what it likes. Blocking: a server that does not answer makes the test time out.
class RawClient {
 public:
  explicit RawClient(const std::string& path) : connection_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    const sockaddr_un address = *unix_address(path);
    EXPECT_EQ(::connect(connection_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
  }
  void send(std::string_view text) { EXPECT_TRUE(offer(text)); }
  /// False: it was turned away before it could say anything.
  bool offer(std::string_view text) {
    return ::send(connection_.number(), text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }
  void finish() { ::shutdown(connection_.number(), SHUT_WR); }
  /// Without its line break; empty at the end.
  std::string line() {
    std::string line;
    char c = 0;
    while (::recv(connection_.number(), &c, 1, 0) == 1 && c != '\n') line += c;
    return line;
  }

 private:
  Descriptor connection_;
};

TEST(ControlSocket, AnswersOneRequestAfterTheOther) {
  FakeBackend backend;
  const ServedSocket served(backend);
  RawClient client(served.path());
  client.send(request(SessionQuery{}));
  EXPECT_THAT(client.line(), HasSubstr("shop.example"));
  client.send(version_request());
  EXPECT_THAT(client.line(), HasSubstr("9.9"));
}

TEST(ControlSocket, TakesRequestsInPiecesAndSeveralAtOnce) {
  FakeBackend backend;
  const ServedSocket served(backend);
  RawClient client(served.path());
  const std::string text = stats_request() + version_request() + "garbage\n" + version_request();
  for (const char c : text.substr(0, 30)) client.send({&c, 1});
  client.send(text.substr(30));
  EXPECT_THAT(client.line(), HasSubstr("uptime_ms"));
  EXPECT_THAT(client.line(), HasSubstr("9.9"));
  EXPECT_THAT(client.line(), HasSubstr("\"ok\":false"));
  EXPECT_THAT(client.line(), HasSubstr("9.9"));
}

TEST(ControlSocket, RefusesARequestThatIsTooLongAndHangsUp) {
  FakeBackend backend;
  const ServedSocket served(backend, 100);
  RawClient client(served.path());
  client.send(std::string(101, 'x'));
  EXPECT_THAT(client.line(), HasSubstr("too long"));
  EXPECT_EQ(client.line(), "");
}

TEST(ControlSocket, AnswersAClientThatHasFinishedSending) {
  FakeBackend backend;
  const ServedSocket served(backend);
  RawClient client(served.path());
  client.send(version_request());
  client.finish();
  EXPECT_THAT(client.line(), HasSubstr("9.9"));
  EXPECT_EQ(client.line(), "");
}

TEST(ControlSocket, AClientThatReadsNothingHoldsNobodyUp) {
  FakeBackend backend;
  backend.session_rows.assign(2'000, live_session());
  const ServedSocket served(backend);
  RawClient deaf(served.path());
  deaf.send(request(SessionQuery{}));
  RawClient other(served.path());
  for (int i = 0; i < 20; ++i) {
    other.send(version_request());
    EXPECT_THAT(other.line(), HasSubstr("9.9"));
  }
  EXPECT_EQ(read_sessions(deaf.line())->size(), 2'000U);
}

TEST(ControlSocket, AClientThatGoesAwayInTheMiddleIsForgotten) {
  FakeBackend backend;
  backend.session_rows.assign(2'000, live_session());
  const ServedSocket served(backend);
  for (int i = 0; i < 20; ++i) RawClient(served.path()).offer(request(SessionQuery{}));
  // Those are more than may be connected at once, so this is turned away until they are forgotten.
  for (std::string line; line.find("9.9") == std::string::npos;) {
    RawClient client(served.path());
    if (client.offer(version_request())) line = client.line();
  }
}

TEST(ControlSocket, TooManyClientsAreTurnedAwayWithAWord) {
  FakeBackend backend;
  const ServedSocket served(backend, 4'096, 1);
  RawClient first(served.path());
  first.send(version_request());
  EXPECT_THAT(first.line(), HasSubstr("9.9"));
  RawClient second(served.path());
  EXPECT_THAT(second.line(), HasSubstr("too many clients"));
  first.send(version_request());
  EXPECT_THAT(first.line(), HasSubstr("9.9"));
}

TEST(ControlSocket, IsForItsOwnerAloneAndGoesWithTheAppliance) {
  const Folder folder;
  FakeBackend backend;
  const std::string path = folder.file("limpid.sock");
  {
    const auto socket = ControlSocket::open({.path = path}, backend);
    ASSERT_TRUE(socket.ok()) << socket.error();
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ControlSocket, ReplacesTheSocketOfAProcessThatIsGone) {
  const Folder folder;
  FakeBackend backend;
  const std::string path = folder.file("limpid.sock");
  {
    const Descriptor dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    const sockaddr_un address = *unix_address(path);
    ASSERT_EQ(::bind(dead.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  const auto socket = ControlSocket::open({.path = path}, backend);
  EXPECT_TRUE(socket.ok()) << socket.error();
}

TEST(ControlSocket, LeavesTheSocketOfALivingProcessAlone) {
  FakeBackend backend;
  const ServedSocket served(backend);
  const auto second = ControlSocket::open({.path = served.path()}, backend);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error(), HasSubstr("another limpid is running"));
  RawClient client(served.path());
  client.send(version_request());
  EXPECT_THAT(client.line(), HasSubstr("9.9"));
}

TEST(ControlSocket, NeverReplacesAFileThatIsNoSocket) {
  const Folder folder;
  FakeBackend backend;
  std::ofstream(folder.file("limpid.sock")) << "text";
  const auto socket = ControlSocket::open({.path = folder.file("limpid.sock")}, backend);
  ASSERT_FALSE(socket.ok());
  EXPECT_THAT(socket.error(), HasSubstr("not a socket"));
  EXPECT_EQ(contents(folder.file("limpid.sock")), "text");
}

TEST(ControlSocket, APathThatTheKernelCannotTakeIsAnError) {
  FakeBackend backend;
  for (const std::string& path :
       {std::string(), std::string(108, 'x'), std::string("/nonexistent/limpid.sock")}) {
    EXPECT_FALSE(ControlSocket::open({.path = path}, backend).ok()) << path;
  }
}

}  // namespace
}  // namespace limpid::control
