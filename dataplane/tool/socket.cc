#include "dataplane/tool/socket.h"

#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace limpid::tool {

namespace {

constexpr int kBacklog = 16;

}  // namespace

KernelAddress::KernelAddress(const SocketAddress& address) {
  const Bytes ip = address.ip.bytes();
  if (address.ip.is_v6()) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    std::memcpy(&v6.sin6_addr, ip.data(), ip.size());
    size = sizeof v6;
    return;
  }
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address.port);
  std::memcpy(&v4.sin_addr, ip.data(), ip.size());
  size = sizeof v4;
}

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool Socket::set(int level, int option, int value) const {
  return ::setsockopt(descriptor_, level, option, &value, sizeof value) == 0;
}

Result<Socket, int> open_socket(int family, int type, int protocol) {
  Socket socket(::socket(family, type | SOCK_CLOEXEC, protocol));
  if (socket.descriptor() < 0) return Failure{errno};
  return socket;
}

Result<Socket, int> listening_socket(const SocketAddress& at) {
  Result<Socket, int> socket =
      open_socket(at.ip.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (!socket) return socket;
  socket->set(SOL_SOCKET, SO_REUSEADDR, 1);  // a restart must not wait for old connections to be forgotten
  if (at.ip.is_v6()) socket->set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
  const KernelAddress address(at);
  if (::bind(socket->descriptor(), address.get(), address.size) != 0 ||
      ::listen(socket->descriptor(), kBacklog) != 0)
    return Failure{errno};
  return socket;
}

SocketAddress address_of(const Socket& socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    return {IpAddress::v6({reinterpret_cast<const std::byte*>(&v6.sin6_addr), 16}), ntohs(v6.sin6_port)};
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
  return {IpAddress::v4({reinterpret_cast<const std::byte*>(&v4.sin_addr), 4}), ntohs(v4.sin_port)};
}

}  // namespace limpid::tool
