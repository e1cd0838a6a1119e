#include "dataplane/nic/memif_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace limpid::nic {
namespace {

using ::testing::HasSubstr;

class MemifSocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / "limpid-socket-XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/s";
  }
  void TearDown() override {
    if (socket_ >= 0) close(socket_);
    std::filesystem::remove_all(folder_);
  }
  void bind_socket(int type) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    socket_ = socket(AF_UNIX, type, 0);
    ASSERT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }

  std::string folder_;
  std::string path_;
  int socket_ = -1;
};

TEST_F(MemifSocketTest, RemovesWhatAnEndedServerHasLeft) {
  bind_socket(SOCK_SEQPACKET);
  close(socket_);
  socket_ = -1;
  EXPECT_EQ(clear_way_of_server(path_), "");
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(clear_way_of_server(path_), "");
}

TEST_F(MemifSocketTest, LeavesAServerThatListensAlone) {
  bind_socket(SOCK_SEQPACKET);
  ASSERT_EQ(listen(socket_, 1), 0);
  EXPECT_THAT(clear_way_of_server(path_), HasSubstr("/s already; is this port the client?"));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(MemifSocketTest, SaysWhetherAServerHasRoomForAConnection) {
  EXPECT_FALSE(takes_connections(path_)) << "nobody there";
  bind_socket(SOCK_SEQPACKET);
  EXPECT_FALSE(takes_connections(path_)) << "nobody listens";
  ASSERT_EQ(listen(socket_, 1), 0);
  int taken = 0;
  while (taken < 10 && takes_connections(path_)) ++taken;  // nobody accepts: each takes a place for good
  EXPECT_GE(taken, 1);
  EXPECT_LT(taken, 10);
}

TEST_F(MemifSocketTest, LeavesSocketsOfAnotherKindAlone) {
  bind_socket(SOCK_STREAM);
  ASSERT_EQ(listen(socket_, 1), 0);
  EXPECT_THAT(clear_way_of_server(path_), HasSubstr("somebody is the server"));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(MemifSocketTest, LeavesFilesAlone) {
  std::ofstream(path_) << "x";
  EXPECT_THAT(clear_way_of_server(path_), HasSubstr("/s is there, and is not a socket"));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace limpid::nic
