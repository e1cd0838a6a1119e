// A network of a test's own: the process moves into a fresh network namespace, which dies with it, makes
// pairs of virtual Ethernet interfaces there, and sends and receives raw frames. For tests that run as root.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/bytes.h"

namespace limpid::network {

/// Enters a namespace without any interface that is up, where interfaces do not speak of their own accord.
/// False where the process may not: the test is to be skipped.
inline bool enter_fresh_namespace() {
  if (unshare(CLONE_NEWNET) != 0) return false;
  for (const char* scope : {"default", "all"}) {
    std::ofstream("/proc/sys/net/ipv6/conf/" + std::string(scope) + "/disable_ipv6") << 1;
  }
  return true;
}

inline bool command(const std::string& line) { return std::system((line + " >/dev/null 2>&1").c_str()) == 0; }

/// `near` is given to limpid, `far` is where the test stands. Both are up.
inline bool make_veth(const std::string& near, const std::string& far, unsigned mtu = 1500) {
  const std::string size = std::to_string(mtu);
  bool made =
      command("ip link add " + near + " mtu " + size + " type veth peer name " + far + " mtu " + size);
  for (const std::string& name : {near, far}) {
    command("ethtool -K " + name + " tx off rx off tso off gso off gro off");
    made = made && command("ip link set " + name + " up");
  }
  return made;
}

using Frame = std::vector<std::byte>;

/// A raw socket on one interface: what is sent there appears at the other end of its pair.
class RawSocket {
 public:
  explicit RawSocket(const std::string& interface)
      : descriptor_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    const int on = 1;
    const int megabytes = 16 << 20;
    setsockopt(descriptor_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
    setsockopt(descriptor_, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on);
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUFFORCE, &megabytes, sizeof megabytes);
    EXPECT_EQ(bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << interface;
  }
  ~RawSocket() { close(descriptor_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  void send(Bytes frame) const {
    EXPECT_EQ(::send(descriptor_, frame.data(), frame.size(), 0), static_cast<ssize_t>(frame.size()))
        << std::strerror(errno);
  }

  /// The next frame as it was on the wire (its outer VLAN tag put back); nothing where none comes in time.
  std::optional<Frame> receive(int at_most_ms = 2000) const {
    pollfd waited{descriptor_, POLLIN, 0};
    if (poll(&waited, 1, at_most_ms) != 1) return std::nullopt;
    Frame frame(70'000);
    iovec piece{frame.data(), frame.size()};
    alignas(cmsghdr) std::array<char, 256> control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = recvmsg(descriptor_, &message, 0);
    if (size < 0) return std::nullopt;
    frame.resize(static_cast<std::size_t>(size));
    put_tag_back(message, frame);
    return frame;
  }

 private:
  static void put_tag_back(const msghdr& message, Frame& frame) {
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != PACKET_AUXDATA) return;
    tpacket_auxdata beside{};
    std::memcpy(&beside, CMSG_DATA(header), sizeof beside);
    if ((beside.tp_status & TP_STATUS_VLAN_VALID) == 0) return;
    const bool typed = (beside.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
    const std::array<std::uint16_t, 2> tag{htons(typed ? beside.tp_vlan_tpid : std::uint16_t{ETH_P_8021Q}),
                                           htons(beside.tp_vlan_tci)};
    const auto* bytes = reinterpret_cast<const std::byte*>(tag.data());
    frame.insert(frame.begin() + 12, bytes, bytes + sizeof tag);
  }

  int descriptor_;
};

}  // namespace limpid::network
