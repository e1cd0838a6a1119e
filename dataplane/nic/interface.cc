// The ioctls of netdevice(7) and of ethtool. See interface.h.
#include "dataplane/nic/interface.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace limpid::nic {
namespace {

/// A socket of any kind: interfaces are asked through one.
class AskingSocket {
 public:
  explicit AskingSocket(const std::string& name)
      : descriptor_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    name.copy(request_.ifr_name, sizeof request_.ifr_name - 1);
  }
  ~AskingSocket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  AskingSocket(const AskingSocket&) = delete;
  AskingSocket& operator=(const AskingSocket&) = delete;

  bool ask(unsigned long what) { return ioctl(descriptor_, what, &request_) == 0; }
  bool ask_ethtool(void* question) {
    request_.ifr_data = static_cast<char*>(question);
    return ask(SIOCETHTOOL);
  }
  bool offload(std::uint32_t which) {
    ethtool_value value{};
    value.cmd = which;
    return ask_ethtool(&value) && value.data != 0;
  }
  const ifreq& answer() const { return request_; }
  /// After SIOCGIFFLAGS.
  bool set_up(bool up) {
    const int flags = up ? request_.ifr_flags | IFF_UP : request_.ifr_flags & ~IFF_UP;
    request_.ifr_flags = static_cast<short>(flags);
    return ask(SIOCSIFFLAGS);
  }

 private:
  int descriptor_;
  ifreq request_{};
};

void read_offloads(AskingSocket& socket, InterfaceFacts& facts) {
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  facts.veth = socket.ask_ethtool(&driver) && std::strcmp(driver.driver, "veth") == 0;
  facts.transmit_checksum = socket.offload(ETHTOOL_GTXCSUM);
  facts.receive_checksum = socket.offload(ETHTOOL_GRXCSUM);
  facts.tso = socket.offload(ETHTOOL_GTSO);
  facts.gso = socket.offload(ETHTOOL_GGSO);
  facts.gro = socket.offload(ETHTOOL_GGRO);
  ethtool_value flags{};
  flags.cmd = ETHTOOL_GFLAGS;
  facts.lro = socket.ask_ethtool(&flags) && (flags.data & ETH_FLAG_LRO) != 0;
}

}  // namespace

Result<InterfaceFacts, std::string> look_at_interface(const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ) {
    return Failure{"\"" + name + "\" cannot be the name of a network interface (1 to 15 characters)"};
  }
  AskingSocket socket(name);
  InterfaceFacts facts;
  if (!socket.ask(SIOCGIFINDEX)) {
    return Failure{"interface " + name +
                   " does not exist in this network namespace (`ip link` lists those that do)"};
  }
  facts.index = socket.answer().ifr_ifindex;
  if (socket.ask(SIOCGIFHWADDR) && socket.answer().ifr_hwaddr.sa_family != ARPHRD_ETHER) {
    return Failure{"interface " + name + " is not an Ethernet interface"};
  }
  if (socket.ask(SIOCGIFMTU)) facts.mtu = static_cast<std::uint32_t>(socket.answer().ifr_mtu);
  if (socket.ask(SIOCGIFFLAGS)) {
    facts.up = (socket.answer().ifr_flags & IFF_UP) != 0;
    facts.running = (socket.answer().ifr_flags & IFF_RUNNING) != 0;
  }
  read_offloads(socket, facts);
  return facts;
}

Result<bool, std::string> set_interface(const std::string& name, bool up) {
  AskingSocket socket(name);
  if (!socket.ask(SIOCGIFFLAGS) || !socket.set_up(up)) {
    return Failure{"interface " + name + " cannot be set " + (up ? "up: " : "down: ") +
                   std::generic_category().message(errno)};
  }
  return true;
}

std::string offload_warning(const std::string& name, const InterfaceFacts& facts) {
  std::string off;
  if (facts.veth && facts.transmit_checksum) off += " tx off";
  if (facts.veth && facts.receive_checksum) off += " rx off";
  if (facts.veth && facts.tso) off += " tso off";
  if (facts.veth && facts.gso) off += " gso off";
  if (facts.gro) off += " gro off";
  if (facts.lro) off += " lro off";
  if (off.empty()) return {};
  const std::string both = facts.veth ? " (and the same at its other end)" : "";
  return "interface " + name +
         ": offloads are on, so frames may arrive merged or with unfinished checksums; run: ethtool -K " +
         name + off + both;
}

}  // namespace limpid::nic
