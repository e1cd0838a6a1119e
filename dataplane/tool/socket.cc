#include "dataplane/tool/socket.h"

#include <netinet/in.h>

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

bool set_option(const Descriptor& socket, int level, int option, int value) {
  return ::setsockopt(socket.number(), level, option, &value, sizeof value) == 0;
}

Result<Descriptor, int> open_socket(int family, int type, int protocol) {
  Descriptor socket(::socket(family, type | SOCK_CLOEXEC, protocol));
  if (!socket) return Failure{errno};
  return socket;
}

Result<Descriptor, int> listening_socket(const SocketAddress& at) {
  Result<Descriptor, int> socket =
      open_socket(at.ip.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (!socket) return socket;
  set_option(*socket, SOL_SOCKET, SO_REUSEADDR,
             1);  // a restart must not wait for old connections to be forgotten
  if (at.ip.is_v6()) set_option(*socket, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  const KernelAddress address(at);
  if (::bind(socket->number(), address.get(), address.size) != 0 || ::listen(socket->number(), kBacklog) != 0)
    return Failure{errno};
  return socket;
}

SocketAddress address_of(const Descriptor& socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    return {IpAddress::v6({reinterpret_cast<const std::byte*>(&v6.sin6_addr), 16}), ntohs(v6.sin6_port)};
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
  return {IpAddress::v4({reinterpret_cast<const std::byte*>(&v4.sin_addr), 4}), ntohs(v4.sin_port)};
}

}  // namespace limpid::tool
