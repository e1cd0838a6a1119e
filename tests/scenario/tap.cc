#include "tests/scenario/tap.h"

#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "tests/support/network.h"

namespace limpid::scenario {
namespace {

constexpr const char* kInterface = "wire0";
constexpr std::chrono::seconds kPingTimeout{5};  // the kernel answers in microseconds, unless nobody runs it
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::size_t kProtocolAt = 14 + 9;
constexpr std::size_t kIcmpAt = 14 + 20;

/// What the kernel must not do for scripts to be the same each time: remember other connections, wait to
/// gather acknowledgements.
bool set_kernel() {
  bool done = true;
  for (const auto& [name, value] : {std::pair{"tcp_no_metrics_save", "1"}, std::pair{"tcp_comp_sack_nr", "0"},
                                    std::pair{"tcp_congestion_control", "reno"}}) {
    std::ofstream file(std::string("/proc/sys/net/ipv4/") + name);
    done = static_cast<bool>(file << value << std::flush) && done;
  }
  return done;
}

frames::Frame ping(std::uint16_t number) {
  frames::Tcp values;
  values.source = std::string(Tap::kPeer) + ":1";
  values.destination = std::string(Tap::kKernel) + ":1";
  values.source_mac = 2;
  values.destination_mac = 1;
  frames::Frame message;
  frames::put(message, 0x0800, 2);  // echo request
  frames::put(message, 0, 2);
  frames::put(message, 0x4c50, 2);
  frames::put(message, number, 2);
  const std::uint16_t checksum = frames::slow_checksum(message);
  message[2] = static_cast<std::byte>(checksum >> 8U);
  message[3] = static_cast<std::byte>(checksum);
  frames::Frame frame = frames::ethernet(values, 0x0800);
  frames::put_ip(frame, values, kIcmp, message.size());
  frames::put(frame, message);
  return frame;
}

}  // namespace

Tap::Tap() {
  if (!network::enter_fresh_namespace()) {
    why_ = "this process may not make a network namespace (it needs root)";
  } else if (!make()) {
    why_ = std::string("no TAP interface could be made: ") + std::strerror(errno);
  }
}

Tap::~Tap() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool Tap::make() {
  descriptor_ = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor_ < 0) return false;
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::strncpy(request.ifr_name, kInterface, sizeof request.ifr_name - 1);
  if (ioctl(descriptor_, TUNSETIFF, &request) != 0) return false;
  const std::string name = kInterface;
  return network::command("ip link set " + name + " address 02:00:00:00:00:01 mtu 1500 up") &&
         network::command("ip address add " + std::string(kKernel) + "/24 dev " + name) &&
         network::command("ip neighbour add " + std::string(kPeer) + " lladdr 02:00:00:00:00:02 dev " +
                          name) &&
         set_kernel();
}

void Tap::send(const frames::Frame& frame) const {
  EXPECT_EQ(write(descriptor_, frame.data(), frame.size()), static_cast<ssize_t>(frame.size()))
      << std::strerror(errno);
}

bool Tap::read_one(Instant until) {
  frames::Frame frame(70'000);
  ssize_t size = read(descriptor_, frame.data(), frame.size());
  if (size < 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd waited{descriptor_, POLLIN, 0};
    if (poll(&waited, 1, static_cast<int>(left.count())) != 1) return false;
    size = read(descriptor_, frame.data(), frame.size());
  }
  if (size < static_cast<ssize_t>(kIcmpAt + 8)) return size > 0;
  frame.resize(static_cast<std::size_t>(size));
  const auto protocol = std::to_integer<std::uint8_t>(frame[kProtocolAt]);
  if (protocol == kTcp) arrivals_.push_back({std::move(frame), std::chrono::steady_clock::now()});
  if (protocol == kIcmp && frame[kIcmpAt] == std::byte{0}) {
    ByteReader number(Bytes(frame).subspan(kIcmpAt + 6, 2));
    pongs_ = number.u16();
  }
  return true;
}

std::optional<Tap::Arrival> Tap::receive(Instant until) {
  while (arrivals_.empty() && read_one(until)) {
  }
  if (arrivals_.empty()) return std::nullopt;
  Arrival arrival = std::move(arrivals_.front());
  arrivals_.pop_front();
  return arrival;
}

void Tap::settle() {
  send(ping(++pings_));
  const Instant until = std::chrono::steady_clock::now() + kPingTimeout;
  while (pongs_ != pings_ && read_one(until)) {
  }
  EXPECT_EQ(pongs_, pings_) << "the kernel does not answer";
}

}  // namespace limpid::scenario
