// A control socket that is served by a thread, as the control thread does it, over a FakeBackend.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "control/control_socket.h"
#include "tests/unit/control/folder.h"
#include "tests/unit/control/rows.h"

namespace limpid::control {

class ServedSocket {
 public:
  explicit ServedSocket(FakeBackend& backend, std::size_t request_bytes_max = 4'096,
                        std::size_t clients_max = 4) {
    auto socket = ControlSocket::open({path(), clients_max, request_bytes_max}, backend);
    EXPECT_TRUE(socket.ok()) << socket.error();
    socket_ = std::move(socket).value();
    thread_ = std::thread([this] {
      while (!stopping_.load()) socket_->serve(std::chrono::hours(1), wake_);
    });
  }
  ServedSocket(const ServedSocket&) = delete;
  ServedSocket& operator=(const ServedSocket&) = delete;
  ~ServedSocket() {
    stopping_.store(true);
    EXPECT_EQ(::eventfd_write(wake_, 1), 0);
    thread_.join();
    socket_.reset();
    ::close(wake_);
  }
  std::string path() const { return folder_.file("limpid.sock"); }

 private:
  Folder folder_;
  int wake_ = ::eventfd(0, EFD_CLOEXEC);
  std::atomic<bool> stopping_{false};
  std::unique_ptr<ControlSocket> socket_;
  std::thread thread_;
};

}  // namespace limpid::control
