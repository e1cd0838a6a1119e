// A kernel socket of a mirror's thread, closed with its owner. The errors are errno's.
#pragma once

#include <sys/socket.h>

#include <utility>

#include "dataplane/base/address.h"
#include "dataplane/base/result.h"

namespace limpid::tool {

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();

  int descriptor() const { return descriptor_; }
  /// False: the kernel refuses this option.
  bool set(int level, int option, int value) const;

 private:
  int descriptor_;
};

/// An address as the kernel takes it.
struct KernelAddress {
  explicit KernelAddress(const SocketAddress& address);
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Socket, int> open_socket(int family, int type, int protocol);
/// Takes connections; never blocks.
Result<Socket, int> listening_socket(const SocketAddress& at);
/// Where the kernel has bound it.
SocketAddress address_of(const Socket& socket);

}  // namespace limpid::tool
