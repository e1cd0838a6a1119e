// LinuxSubject: the kernel's TCP over a TAP interface, in real time: the oracle that proves the scripts. The
// application is a socket that listens or connects; the handshake is played here.
#pragma once

#include <deque>

#include "tests/scenario/subject.h"
#include "tests/scenario/tap.h"

namespace limpid::scenario {

class LinuxSubject final : public Subject {
 public:
  /// Makes the connection. ready() tells whether it came about.
  LinuxSubject(Tap& tap, const Setup& setup);
  ~LinuxSubject() override;
  LinuxSubject(const LinuxSubject&) = delete;
  LinuxSubject& operator=(const LinuxSubject&) = delete;

  bool ready() const { return ready_; }

  void inject(const Frame& frame) override;
  std::optional<Sent> next(Duration until) override;
  void settle() override { tap_.settle(); }
  void pass(Duration until) override;
  Duration now() const override;
  // What follows from the round trip, which takes 10 ms in the scripts, takes no time over the tap: the
  // kernel probes for a tail after two of nothing and the rest of two jiffies (4 to 8 ms where there are 250
  // a second). Late it may be on a machine that has other work.
  Duration early() const override { return std::chrono::milliseconds{20}; }
  Duration late() const override { return std::chrono::milliseconds{300}; }
  void too_big(std::uint32_t seq, std::uint16_t mtu) override;

  std::size_t write(Bytes bytes) override;
  std::vector<std::byte> read(std::size_t size) override;
  void close() override;
  void abort() override;
  void keepalive() override;
  std::size_t readable() override;
  std::size_t unacknowledged() override;
  bool finished() override;
  std::string failure() override;
  bool in_state(const std::string& name) override;
  std::string state() override;
  std::optional<std::int64_t> count(const std::string& /*name*/) override { return std::nullopt; }

 private:
  bool accept();
  bool connect();
  wire::TcpOptions syn_options() const;
  void send(const Frame& frame, bool relative);
  std::optional<Frame> handshake_segment();
  std::optional<Sent> translate(const Tap::Arrival& arrival) const;
  std::size_t asked(unsigned long request) const;
  void remember_error();

  Tap& tap_;
  Setup setup_;
  std::uint16_t kernel_port_;
  std::uint16_t peer_port_;
  int socket_ = -1;
  bool ready_ = false;
  int error_ = 0;                       // of the socket: it tells each only once
  std::uint32_t kernel_isn_ = 0;        // the kernel's number 0
  std::uint32_t kernel_timestamp_ = 0;  // its TSval in the handshake
  Tap::Instant begun_;
  std::deque<Sent> passed_;  // came while time passed
};

}  // namespace limpid::scenario
