#include "dataplane/tool/mirror_tunnel.h"

#include <netinet/in.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "dataplane/tool/socket.h"

namespace limpid::tool {

namespace {

constexpr std::size_t kSourcePorts = 16;  // of VXLAN: each is a path that a flow may take
constexpr int kSendBuffer = 4 << 20;
// A device that stands still is waited for once, and then not for a while: it costs copies, not the stop.
constexpr timeval kSendMax{.tv_sec = 0, .tv_usec = 200'000};
constexpr Duration kStalled = std::chrono::seconds(1);
constexpr Duration kWellAgain = std::chrono::seconds(10);

std::string_view name(TunnelKind kind) {
  switch (kind) {
    case TunnelKind::kVxlan:
      return "VXLAN";
    case TunnelKind::kGre:
      return "GRE";
    case TunnelKind::kErspan:
      return "ERSPAN";
  }
  return {};
}

std::string path_text(const TunnelMirrorSettings& settings) {
  return std::string(name(settings.kind)) + " to " + settings.collector.ip.text();
}

std::string why(int error) {
  const std::string text = std::generic_category().message(error);
  return error == EMSGSIZE ? text + "; the path takes less than `mtu`" : text;
}

Result<Descriptor, int> tunnel_socket(const TunnelMirrorSettings& settings) {
  const bool udp = settings.kind == TunnelKind::kVxlan;
  const bool v6 = settings.collector.ip.is_v6();
  // Not connected: a collector that merely listens to its wire refuses each packet, and has it nevertheless.
  Result<Descriptor, int> socket =
      open_socket(v6 ? AF_INET6 : AF_INET, udp ? SOCK_DGRAM : SOCK_RAW, udp ? IPPROTO_UDP : IPPROTO_GRE);
  if (!socket) return socket;
  set_option(*socket, SOL_SOCKET, SO_SNDBUF, kSendBuffer);
  ::setsockopt(socket->number(), SOL_SOCKET, SO_SNDTIMEO, &kSendMax, sizeof kSendMax);
  // Never in fragments: a collector may have to put together millions of them.
  v6 ? set_option(*socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO)
     : set_option(*socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  return socket;
}

class TunnelOutput final : public MirrorOutput {
 public:
  TunnelOutput(const TunnelMirrorSettings& settings, Encapsulation encapsulation,
               std::vector<Descriptor> sockets, Warn warn)
      : name_(path_text(settings)),
        collector_(settings.collector),
        encapsulation_(encapsulation),
        sockets_(std::move(sockets)),
        warn_(std::move(warn)) {}

  void begin(Instant now) override { now_ = now; }
  void on_frame(Bytes frame, WallTime /*when*/) override {
    const Descriptor& socket = sockets_[sockets_.size() == 1 ? 0 : flow_entropy(frame) % sockets_.size()];
    const Bytes header = encapsulation_.header_of(frame);
    const int error = send(socket, header, frame);
    if (error == 0) return count_sent(frame.size());
    count_lost();
    if (error == EAGAIN && now_ >= stalled_until_) stalled_until_ = now_ + kStalled;
    note(error);
  }
  void flush(Instant now) override {
    if (!failing_ || now - last_error_ < kWellAgain) return;
    failing_ = false;
    warn_(name_ + ": takes copies again");
  }
  void finish(Instant /*now*/) override {}

 private:
  /// errno, or 0.
  int send(const Descriptor& socket, Bytes header, Bytes frame) {
    // The interface has no const; sending changes nothing.
    std::array<iovec, 2> parts{{{const_cast<std::byte*>(header.data()), header.size()},
                                {const_cast<std::byte*>(frame.data()), frame.size()}}};
    msghdr message{};
    message.msg_name = &collector_.storage;
    message.msg_namelen = collector_.size;
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const int flags = now_ < stalled_until_ ? MSG_DONTWAIT : 0;
    return ::sendmsg(socket.number(), &message, flags) < 0 ? errno : 0;
  }

  void note(int error) {
    last_error_ = now_;
    if (failing_) return;
    failing_ = true;
    warn_(name_ + ": copies are being lost: " + why(error));
  }

  std::string name_;
  KernelAddress collector_;
  Encapsulation encapsulation_;
  std::vector<Descriptor> sockets_;
  Warn warn_;
  Instant now_{};
  Instant last_error_{};
  Instant stalled_until_{};
  bool failing_ = false;
};

}  // namespace

Result<std::unique_ptr<QueuedMirror>, std::string> open_tunnel_mirror(const TunnelMirrorSettings& settings,
                                                                      const Clock& clock, Warn warn,
                                                                      std::unique_ptr<Masking> masking) {
  const Encapsulation encapsulation(settings.kind, settings.id);
  std::vector<Descriptor> sockets;
  for (std::size_t i = 0; i < (settings.kind == TunnelKind::kVxlan ? kSourcePorts : 1); ++i) {
    Result<Descriptor, int> socket = tunnel_socket(settings);
    if (!socket) return Failure{path_text(settings) + ": " + why(socket.error())};
    sockets.push_back(std::move(socket).value());
  }
  QueuedMirrorSettings queue = settings.queue;
  queue.packet_max = encapsulation.packet_max(settings.mtu, settings.collector.ip.is_v6());
  return std::make_unique<QueuedMirror>(
      queue, std::make_unique<TunnelOutput>(settings, encapsulation, std::move(sockets), std::move(warn)),
      clock, std::move(masking));
}

}  // namespace limpid::tool
