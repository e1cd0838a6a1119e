#include "dataplane/tool/mirror_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "dataplane/tool/capture_client.h"
#include "dataplane/tool/pcapng.h"
#include "dataplane/tool/socket.h"

namespace limpid::tool {

namespace {

// A client whose machine has vanished is forgotten after this: it acknowledges neither bytes nor questions.
constexpr int kKeepaliveIdle_s = 30;
constexpr int kKeepaliveStep_s = 10;
constexpr int kKeepaliveCount = 3;
constexpr int kUnacknowledgedMax_ms = 60'000;
constexpr Duration kLookEvery = std::chrono::milliseconds(10);

class ServerOutput final : public MirrorOutput {
 public:
  ServerOutput(const ServerMirrorSettings& settings, Descriptor listener, Warn warn)
      : settings_(settings), listener_(std::move(listener)), warn_(std::move(warn)) {}

  void begin(Instant now) override {
    // Where there is always something to tell, flush() is never called.
    if (now >= look_at_) flush(now);
  }
  void on_frame(Bytes frame, WallTime when) override {
    if (clients_.empty()) return;
    block_.clear();
    pcapng::append_packet(block_, 0, when, frame);
    for (CaptureClient& client : clients_) client.append(block_) ? count_sent(frame.size()) : count_lost();
  }
  void flush(Instant now) override {
    look_at_ = now + kLookEvery;
    std::erase_if(clients_, [](CaptureClient& client) { return !client.flush(); });
    accept_waiting();
  }
  void finish(Instant now) override { flush(now); }

 private:
  void accept_waiting() {
    while (true) {
      Descriptor socket(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket) return;
      if (clients_.size() >= settings_.clients_max) {
        refuse();
        continue;
      }
      set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
      set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdle_s);
      set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveStep_s);
      set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveCount);
      set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMax_ms);
      clients_.emplace_back(std::move(socket), settings_.interface_name, settings_.waiting_max);
      warned_ = false;
    }
  }

  void refuse() {
    if (std::exchange(warned_, true)) return;
    warn_("a client was turned away: there are " + std::to_string(clients_.size()) + " already");
  }

  ServerMirrorSettings settings_;
  Descriptor listener_;
  Warn warn_;
  std::vector<CaptureClient> clients_;
  pcapng::Buffer block_;
  Instant look_at_{};  // for clients that come and go
  bool warned_ = false;
};

}  // namespace

Result<ServerMirror, std::string> open_server_mirror(const ServerMirrorSettings& settings, const Clock& clock,
                                                     Warn warn, std::unique_ptr<Masking> masking) {
  Result<Descriptor, int> listener = listening_socket(settings.listen);
  if (!listener) {
    const std::string why = std::generic_category().message(listener.error());
    return Failure{"cannot listen on " + settings.listen.text() + ": " + why};
  }
  ServerMirror made;
  made.address = address_of(*listener);
  made.mirror = std::make_unique<QueuedMirror>(
      settings.queue, std::make_unique<ServerOutput>(settings, std::move(listener).value(), std::move(warn)),
      clock, std::move(masking));
  return made;
}

}  // namespace limpid::tool
