// The two moving parts of forwarding.py.
//   forwarding_bench forward CORE NEAR0 NEAR1 [DRIVER]   limpid's worker between two interfaces, until
//   SIGTERM;
//                                                        no user: every flow is forwarded
//   forwarding_bench blast CORE FAR BYTES SECONDS        frames as fast as a packet socket takes them
// Pins itself to CORE. `forward` prints its counters at the end.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "dataplane/base/random.h"
#include "dataplane/base/system_clock.h"
#include "dataplane/nic/runtime.h"
#include "dataplane/worker/worker.h"

namespace limpid {
namespace {

struct ForwardingUser final : flow::FlowUser {
  flow::SynAdvice on_syn(const FlowFacts&, Instant) override {
    return {.disposition = flow::Disposition::kForward, .reason = Reason::none, .memo = nullptr};
  }
  flow::FirstBytesAdvice on_first_bytes(const FlowFacts&, Bytes, Instant) override {
    return {.kind = flow::FirstBytesAdvice::Kind::kForward,
            .reason = Reason::none,
            .memo = nullptr,
            .session = nullptr};
  }
  std::unique_ptr<flow::Session> adopt_undecided(const FlowFacts&, Instant) override { return nullptr; }
  void on_closed(const FlowFacts&, const flow::FlowSummary&, std::unique_ptr<flow::Session>,
                 std::unique_ptr<flow::FlowMemo>, Instant) override {}
};

void print(const worker::WorkerCounters& counters, nic::Runtime& runtime) {
  std::printf(
      "packets %lu transmitted %lu transmit_queue_full %lu busy_ms %ld total_ms %ld polls %lu with_work "
      "%lu\n",
      counters.packets, counters.packets_transmitted, counters.reasons[Reason::transmit_queue_full],
      static_cast<long>(counters.busy / std::chrono::milliseconds(1)),
      static_cast<long>(counters.total / std::chrono::milliseconds(1)), counters.polls,
      counters.polls_with_work);
  for (std::size_t i = 0; i < runtime.ports(); ++i) {
    const nic::PortCounters port = runtime.port(i).counters();
    std::printf("%s received %lu missed %lu refused %lu transmitted %lu refused %lu\n",
                runtime.port(i).name().c_str(), port.packets_received, port.receive_missed,
                port.receive_refused, port.packets_transmitted, port.transmit_refused);
  }
}

int forward(std::uint16_t core, const std::string& near0, const std::string& near1, std::string_view driver) {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  nic::RuntimeSettings settings;
  settings.cores = {core};
  settings.memory_bytes = std::uint64_t{128} << 20U;
  const nic::PortDriver its = driver == "af_xdp" ? nic::PortDriver::kAfXdp : nic::PortDriver::kAfPacket;
  settings.ports = {{.interface = near0, .driver = its, .pci = {}},
                    {.interface = near1, .driver = its, .pci = {}}};
  auto started = nic::Runtime::start(settings);
  if (!started) {
    std::fprintf(stderr, "%s\n", started.error().c_str());
    return 1;
  }
  nic::Runtime& runtime = **started;
  SystemClock clock;
  SeededRandom random(1);
  ForwardingUser user;
  worker::Fabric fabric({&runtime.port(0), &runtime.port(1)}, {.segments = {{0, 1}}});
  worker::PollSleeper sleeper;
  worker::Worker worker({}, {fabric, runtime.pool(), random, clock, sleeper});
  worker.attach(user);
  std::thread thread([&] {
    if (const auto entered = runtime.enter_worker(0); !entered)
      std::fprintf(stderr, "%s\n", entered.error().c_str());
    worker.run();
    runtime.leave_worker();
  });
  std::puts("ready");
  std::fflush(stdout);
  int which = 0;
  sigwait(&ending, &which);
  worker.request_stop();
  thread.join();
  print(worker.counters(), runtime);
  return 0;
}

int blast(std::uint16_t core, const std::string& far, std::size_t bytes, int seconds) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(core, &only);
  pthread_setaffinity_np(pthread_self(), sizeof only, &only);
  const int descriptor = socket(AF_PACKET, SOCK_RAW, 0);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(if_nametoindex(far.c_str()));
  const int on = 1;
  setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    std::perror("bind");
    return 1;
  }
  // UDP from 10.0.0.1 to 10.0.0.2, so that everything in between looks into it.
  std::vector<unsigned char> frame{2, 0, 0, 0,  0,  2, 2, 0,  0, 0, 0, 1,  8, 0, 0x45, 0, 0, 0, 0,
                                   7, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,    0, 9, 0, 9};
  frame.resize(bytes);
  frame[16] = static_cast<unsigned char>((bytes - 14) >> 8U);
  frame[17] = static_cast<unsigned char>(bytes - 14);
  std::array<mmsghdr, 64> messages{};
  iovec piece{frame.data(), frame.size()};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &piece;
    message.msg_hdr.msg_iovlen = 1;
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < until) sendmmsg(descriptor, messages.data(), messages.size(), 0);
  close(descriptor);
  return 0;
}

}  // namespace
}  // namespace limpid

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.size() >= 4 && words[0] == "forward") {
    return limpid::forward(static_cast<std::uint16_t>(std::stoi(words[1])), words[2], words[3],
                           words.size() > 4 ? words[4] : "af_packet");
  }
  if (words.size() == 5 && words[0] == "blast") {
    return limpid::blast(static_cast<std::uint16_t>(std::stoi(words[1])), words[2], std::stoul(words[3]),
                         std::stoi(words[4]));
  }
  std::fputs("usage: see the head of tests/bench/forwarding_bench.cc\n", stderr);
  return 2;
}
