// Kernel sockets of a mirror's thread. The errors are errno's.
#pragma once

#include <sys/socket.h>

#include "dataplane/base/address.h"
#include "dataplane/base/descriptor.h"
#include "dataplane/base/result.h"

namespace limpid::tool {

/// False: the kernel refuses this option.
bool set_option(const Descriptor& socket, int level, int option, int value);

/// An address as the kernel takes it.
struct KernelAddress {
  explicit KernelAddress(const SocketAddress& address);
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Descriptor, int> open_socket(int family, int type, int protocol);
/// Takes connections; never blocks.
Result<Descriptor, int> listening_socket(const SocketAddress& at);
/// Where the kernel has bound it.
SocketAddress address_of(const Descriptor& socket);

}  // namespace limpid::tool
