// impair: a wire with faults. It forwards every frame between two interfaces, and on the way it loses,
// doubles, delays and reorders frames by a seed, or adds a VLAN tag towards one side and takes it off towards
// the other. The interop tests put it between a namespace and the appliance, because a kernel may lack both
// the network emulator and VLAN devices. One thread; ends at SIGTERM and prints its counters as JSON.
//
//   impair --a IFACE --b IFACE [--seed N] [--loss P] [--duplicate P] [--reorder P] [--reorder-ms MS]
//          [--delay-ms MS] [--tag VLAN]
//
// P is a probability for each direction. --tag: frames leave tagged at b, and are accepted there only tagged.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <csignal>
#include <ctime>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <queue>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kFrameMax = 10'240;
constexpr std::size_t kBurst = 64;
constexpr int kBufferBytes = 64 << 20;
constexpr std::size_t kTagBytes = 4;
constexpr std::size_t kAddressBytes = 12;  // destination and source, before the tag
constexpr std::int64_t kNanosecondsPerMs = 1'000'000;

struct Settings {
  std::string a, b;
  std::uint64_t seed = 1;
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;
  std::int64_t reorder_ns = 2 * kNanosecondsPerMs;
  std::int64_t delay_ns = 0;
  std::uint16_t tag = 0;  // 0: none

  bool delays() const { return delay_ns > 0 || reorder > 0; }
};

struct Counters {
  std::uint64_t received = 0, sent = 0, lost = 0, duplicated = 0, reordered = 0, refused = 0;
};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "impair: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

using Frame = std::vector<std::uint8_t>;

/// A raw socket on one interface: sees only what arrives, and puts back the tag that the kernel takes off.
class Wire {
 public:
  explicit Wire(const std::string& interface) {
    descriptor_ = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) die("socket");
    const auto index = static_cast<int>(if_nametoindex(interface.c_str()));
    if (index == 0) die(interface);
    const int one = 1;
    set(SOL_PACKET, PACKET_IGNORE_OUTGOING, one);
    set(SOL_PACKET, PACKET_AUXDATA, one);
    set(SOL_PACKET, PACKET_QDISC_BYPASS, one);
    set(SOL_SOCKET, SO_RCVBUFFORCE, kBufferBytes);
    set(SOL_SOCKET, SO_SNDBUFFORCE, kBufferBytes);
    packet_mreq promiscuous{};
    promiscuous.mr_ifindex = index;
    promiscuous.mr_type = PACKET_MR_PROMISC;
    if (setsockopt(descriptor_, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) != 0)
      die("promiscuous mode");
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = index;
    // sockets speak of sockaddr
    if (bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("bind");
  }
  ~Wire() { close(descriptor_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  int descriptor() const { return descriptor_; }

  /// Calls `take` with each of at most kBurst frames that wait.
  template <typename Take>
  void receive(Take take) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      vectors_[i] = {buffers_[i].data() + kTagBytes, kFrameMax - kTagBytes};
      messages_[i].msg_hdr = {};
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
      messages_[i].msg_hdr.msg_control = controls_[i].data();
      messages_[i].msg_hdr.msg_controllen = controls_[i].size();
    }
    const int count = recvmmsg(descriptor_, messages_.data(), kBurst, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < count; ++i) take(frame(static_cast<std::size_t>(i)));
  }

  bool send(std::span<const std::uint8_t> frame) {
    pollfd writable{descriptor_, POLLOUT, 0};
    while (::send(descriptor_, frame.data(), frame.size(), MSG_DONTWAIT) < 0) {
      if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR) return false;
      poll(&writable, 1, 10);
    }
    return true;
  }

 private:
  void set(int level, int option, int value) {
    if (setsockopt(descriptor_, level, option, &value, sizeof value) != 0) die("socket option");
  }

  std::span<std::uint8_t> frame(std::size_t i) {
    std::uint8_t* start = buffers_[i].data() + kTagBytes;
    std::size_t size = messages_[i].msg_len;
    for (cmsghdr* control = CMSG_FIRSTHDR(&messages_[i].msg_hdr); control != nullptr;
         control = CMSG_NXTHDR(&messages_[i].msg_hdr, control)) {
      if (control->cmsg_level != SOL_PACKET || control->cmsg_type != PACKET_AUXDATA) continue;
      tpacket_auxdata aux{};
      std::memcpy(&aux, CMSG_DATA(control), sizeof aux);
      if ((aux.tp_status & TP_STATUS_VLAN_VALID) == 0) continue;
      std::memmove(start - kTagBytes, start, kAddressBytes);
      start -= kTagBytes;
      size += kTagBytes;
      const std::uint16_t protocol = htons(
          (aux.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? aux.tp_vlan_tpid : std::uint16_t{ETH_P_8021Q});
      const std::uint16_t control_information = htons(aux.tp_vlan_tci);
      std::memcpy(start + kAddressBytes, &protocol, sizeof protocol);
      std::memcpy(start + kAddressBytes + 2, &control_information, sizeof control_information);
    }
    return {start, size};
  }

  int descriptor_ = -1;
  std::vector<std::array<std::uint8_t, kFrameMax>> buffers_{kBurst};
  std::array<std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))>, kBurst> controls_{};
  std::array<iovec, kBurst> vectors_{};
  std::array<mmsghdr, kBurst> messages_{};
};

/// One direction: a frame in, and it leaves now, later, twice or never.
class Direction {
 public:
  enum class Tag : std::uint8_t { kKeep, kAdd, kRemove };

  Direction(const Settings& settings, Wire& to, Tag tag, std::uint64_t seed)
      : settings_(settings), to_(to), tag_(tag), random_(seed) {}

  void take(std::span<const std::uint8_t> frame, std::int64_t now) {
    ++counters_.received;
    if (settings_.loss > 0 && chance(settings_.loss)) {
      ++counters_.lost;
      return;
    }
    if (tag_ != Tag::kKeep) {
      if (!retag(frame)) {
        ++counters_.refused;
        return;
      }
      frame = tagged_;
    }
    std::int64_t due = now + settings_.delay_ns;
    if (settings_.reorder > 0 && chance(settings_.reorder)) {
      ++counters_.reordered;
      due += settings_.reorder_ns;
    }
    leave(frame, due, now);
    if (settings_.duplicate > 0 && chance(settings_.duplicate)) {
      ++counters_.duplicated;
      leave(frame, due, now);
    }
  }

  void release(std::int64_t now) {
    while (!waiting_.empty() && waiting_.top().due <= now) {
      send(waiting_.top().frame);
      waiting_.pop();
    }
  }

  std::int64_t next() const { return waiting_.empty() ? INT64_MAX : waiting_.top().due; }
  const Counters& counters() const { return counters_; }

 private:
  struct Waiting {
    std::int64_t due;
    std::uint64_t order;
    Frame frame;
    bool operator<(const Waiting& other) const {  // the queue's top is the greatest
      return due != other.due ? due > other.due : order > other.order;
    }
  };

  bool chance(double probability) {
    return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
  }

  bool retag(std::span<const std::uint8_t> frame) {
    const auto body = frame.begin() + kAddressBytes;
    if (tag_ == Tag::kAdd) {
      tagged_.assign(frame.begin(), body);
      const std::array<std::uint8_t, kTagBytes> tag{0x81, 0x00,
                                                    static_cast<std::uint8_t>(settings_.tag >> 8U),
                                                    static_cast<std::uint8_t>(settings_.tag & 0xffU)};
      tagged_.insert(tagged_.end(), tag.begin(), tag.end());
      tagged_.insert(tagged_.end(), body, frame.end());
      return true;
    }
    const bool ours = frame.size() >= kAddressBytes + kTagBytes && frame[12] == 0x81 && frame[13] == 0x00 &&
                      ((frame[14] & 0x0fU) << 8U | frame[15]) == settings_.tag;
    if (!ours) return false;
    tagged_.assign(frame.begin(), body);
    tagged_.insert(tagged_.end(), body + kTagBytes, frame.end());
    return true;
  }

  void leave(std::span<const std::uint8_t> frame, std::int64_t due, std::int64_t now) {
    if (!settings_.delays() || (due <= now && waiting_.empty())) {
      send(frame);
      return;
    }
    waiting_.push({due, order_++, Frame(frame.begin(), frame.end())});
  }

  void send(std::span<const std::uint8_t> frame) {
    if (to_.send(frame)) {
      ++counters_.sent;
    } else {
      ++counters_.refused;
    }
  }

  const Settings& settings_;
  Wire& to_;
  Tag tag_;
  std::mt19937_64 random_;
  Frame tagged_;
  std::priority_queue<Waiting> waiting_;
  std::uint64_t order_ = 0;
  Counters counters_;
};

double number(std::string_view option, std::string_view text) {
  char* end = nullptr;
  const std::string copy(text);
  const double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0' || value < 0) {
    std::fprintf(stderr, "impair: %.*s: \"%s\" is not a number\n", static_cast<int>(option.size()),
                 option.data(), copy.c_str());
    std::exit(2);
  }
  return value;
}

Settings parse(std::span<char*> arguments) {
  Settings settings;
  for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
    const std::string_view option = arguments[i];
    const std::string_view value = arguments[i + 1];
    const auto nanoseconds = [&] {
      return static_cast<std::int64_t>(number(option, value) * static_cast<double>(kNanosecondsPerMs));
    };
    if (option == "--a") {
      settings.a = value;
    } else if (option == "--b") {
      settings.b = value;
    } else if (option == "--seed") {
      settings.seed = static_cast<std::uint64_t>(number(option, value));
    } else if (option == "--loss") {
      settings.loss = number(option, value);
    } else if (option == "--duplicate") {
      settings.duplicate = number(option, value);
    } else if (option == "--reorder") {
      settings.reorder = number(option, value);
    } else if (option == "--reorder-ms") {
      settings.reorder_ns = nanoseconds();
    } else if (option == "--delay-ms") {
      settings.delay_ns = nanoseconds();
    } else if (option == "--tag") {
      settings.tag = static_cast<std::uint16_t>(number(option, value));
    } else {
      std::fprintf(stderr, "impair: unknown option %s\n", arguments[i]);
      std::exit(2);
    }
  }
  if (settings.a.empty() || settings.b.empty()) {
    std::fprintf(stderr, "impair: --a and --b are needed\n");
    std::exit(2);
  }
  return settings;
}

int stop_descriptor() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

void print(const char* name, const Counters& counters, const char* end) {
  std::printf(
      "\"%s\": {\"received\": %lu, \"sent\": %lu, \"lost\": %lu, \"duplicated\": %lu, \"reordered\": %lu, "
      "\"refused\": %lu}%s",
      name, counters.received, counters.sent, counters.lost, counters.duplicated, counters.reordered,
      counters.refused, end);
}

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = parse({argv, static_cast<std::size_t>(argc)});
  const int stop = stop_descriptor();
  Wire a(settings.a);
  Wire b(settings.b);
  const bool tags = settings.tag != 0;
  Direction a_to_b(settings, b, tags ? Direction::Tag::kAdd : Direction::Tag::kKeep, settings.seed);
  Direction b_to_a(settings, a, tags ? Direction::Tag::kRemove : Direction::Tag::kKeep, settings.seed + 1);
  std::printf("forwarding\n");
  std::fflush(stdout);

  std::array<pollfd, 3> watched{
      {{a.descriptor(), POLLIN, 0}, {b.descriptor(), POLLIN, 0}, {stop, POLLIN, 0}}};
  while ((watched[2].revents & POLLIN) == 0) {
    const std::int64_t next = std::min(a_to_b.next(), b_to_a.next());
    timespec timeout{};
    if (next != INT64_MAX) {
      const std::int64_t wait = std::max<std::int64_t>(next - now_ns(), 0);
      timeout = {wait / 1'000'000'000, wait % 1'000'000'000};
    }
    ppoll(watched.data(), watched.size(), next == INT64_MAX ? nullptr : &timeout, nullptr);
    const std::int64_t now = now_ns();
    if ((watched[0].revents & POLLIN) != 0) a.receive([&](auto frame) { a_to_b.take(frame, now); });
    if ((watched[1].revents & POLLIN) != 0) b.receive([&](auto frame) { b_to_a.take(frame, now); });
    a_to_b.release(now);
    b_to_a.release(now);
  }
  std::printf("{");
  print("a_to_b", a_to_b.counters(), ", ");
  print("b_to_a", b_to_a.counters(), "}\n");
  return 0;
}
