#include "tests/scenario/linux_subject.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "dataplane/tcp/state.h"
#include "dataplane/wire/packet_view.h"
#include "tests/scenario/renumber.h"

namespace limpid::scenario {
namespace {

constexpr std::chrono::seconds kHandshakeTimeout{5};

// Each connection has ports of its own: the kernel remembers those of the last minute.
std::uint16_t fresh_port() {
  static std::uint16_t last = 20'000;
  return ++last;
}

sockaddr_in address(const char* ip, std::uint16_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(port);
  inet_pton(AF_INET, ip, &made.sin_addr);
  return made;
}

/// Of bind(), connect() and their like.
const sockaddr* generic(const sockaddr_in& given) { return reinterpret_cast<const sockaddr*>(&given); }

std::string with_port(const char* ip, std::uint16_t port) {
  return std::string(ip) + ":" + std::to_string(port);
}

int stream_socket() { return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

void set_option(int descriptor, int level, int name) {
  const int on = 1;
  setsockopt(descriptor, level, name, &on, sizeof on);
}

void close_with_reset(int descriptor) {
  const linger at_once{1, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(descriptor);
}

}  // namespace

LinuxSubject::LinuxSubject(Tap& tap, const Setup& setup)
    : tap_(tap), setup_(setup), kernel_port_(fresh_port()), peer_port_(fresh_port()) {
  ready_ = setup.opened_by_us ? connect() : accept();
  if (ready_) set_option(socket_, IPPROTO_TCP, TCP_NODELAY);
  tap_.settle();
  while (tap_.receive(begun_)) {
  }
  begun_ = std::chrono::steady_clock::now();
}

// What it still says is not for the next connection.
LinuxSubject::~LinuxSubject() {
  if (socket_ >= 0) close_with_reset(socket_);
  tap_.settle();
  while (tap_.receive(begun_)) {
  }
}

// --- the handshake ---

wire::TcpOptions LinuxSubject::syn_options() const {
  wire::TcpOptions options;
  options.mss = setup_.mss;
  options.sack_permitted = setup_.sack;
  if (setup_.shift > 0) options.window_scale = setup_.shift;
  if (setup_.timestamps) options.timestamps = wire::Timestamps{setup_.timestamp, kernel_timestamp_};
  return options;
}

std::optional<Frame> LinuxSubject::handshake_segment() {
  const auto arrival = tap_.receive(std::chrono::steady_clock::now() + kHandshakeTimeout);
  if (!arrival) return std::nullopt;
  auto sent = translate(*arrival);
  if (!sent) return std::nullopt;
  return std::move(sent->frame);
}

bool LinuxSubject::accept() {
  const int listener = stream_socket();
  const sockaddr_in here = address(Tap::kKernel, kernel_port_);
  if (bind(listener, generic(here), sizeof here) != 0 || listen(listener, 1) != 0) return false;
  const auto window = static_cast<std::uint16_t>(std::min<std::uint32_t>(setup_.window, 65535));
  send({.seq = setup_.peer_isn, .window = window, .flags = tcp::kSyn, .options = syn_options()}, false);
  const auto answer = handshake_segment();
  if (!answer || answer->flags != (tcp::kSyn | tcp::kAck)) return false;
  kernel_isn_ = answer->seq;
  Frame last{.seq = 1, .ack = 1, .flags = tcp::kAck};
  last.window = static_cast<std::uint16_t>(setup_.window >> setup_.shift);
  if (setup_.timestamps) {
    kernel_timestamp_ = answer->options.timestamps->value;
    last.options.timestamps = wire::Timestamps{};
  }
  send(last, true);
  socket_ = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  ::close(listener);
  return socket_ >= 0;
}

bool LinuxSubject::connect() {
  socket_ = stream_socket();
  const sockaddr_in here = address(Tap::kKernel, kernel_port_);
  const sockaddr_in there = address(Tap::kPeer, peer_port_);
  if (bind(socket_, generic(here), sizeof here) != 0) return false;
  if (::connect(socket_, generic(there), sizeof there) != 0 && errno != EINPROGRESS) return false;
  const auto syn = handshake_segment();
  if (!syn || syn->flags != tcp::kSyn) return false;
  kernel_isn_ = syn->seq;
  if (syn->options.timestamps) kernel_timestamp_ = syn->options.timestamps->value;
  Frame answer{.seq = setup_.peer_isn, .ack = kernel_isn_ + 1, .flags = tcp::kSyn | tcp::kAck};
  answer.window = static_cast<std::uint16_t>(std::min<std::uint32_t>(setup_.window, 65535));
  answer.options = syn_options();
  send(answer, false);
  return handshake_segment().has_value();
}

// --- the wire ---

void LinuxSubject::send(const Frame& given, bool relative) {
  const Renumber to_wire{setup_.peer_isn, kernel_isn_, setup_.timestamp, kernel_timestamp_};
  const Frame frame = relative ? to_wire(given) : given;
  std::array<std::byte, wire::kTcpOptionsMax> options{};
  const std::size_t size = wire::write_tcp_options(frame.options, options);
  frames::Tcp values;
  values.source = with_port(Tap::kPeer, peer_port_);
  values.destination = with_port(Tap::kKernel, kernel_port_);
  values.source_mac = 2;
  values.destination_mac = 1;
  values.seq = frame.seq;
  values.ack = frame.ack;
  values.flags = frame.flags;
  values.window = frame.window;
  values.options = as_text(Bytes(options).first(size));
  values.payload = as_text(frame.payload);
  tap_.send(frames::tcp(values));
}

void LinuxSubject::inject(const Frame& frame) { send(frame, true); }

// Before kernel_isn_ is known its numbers are those of the wire.
std::optional<Sent> LinuxSubject::translate(const Tap::Arrival& arrival) const {
  const auto view = wire::parse(arrival.frame);
  if (!view || view.value().destination_port != peer_port_) return std::nullopt;
  const auto options = wire::parse_tcp_options(view.value().option_bytes());
  EXPECT_TRUE(options.has_value()) << "options that cannot be read";
  Frame frame{.seq = view.value().seq,
              .ack = view.value().ack,
              .window = view.value().window,
              .flags = view.value().flags,
              .options = options.value_or(wire::TcpOptions{})};
  frame.payload.assign(view.value().payload().begin(), view.value().payload().end());
  const Renumber to_script{0 - kernel_isn_, 0 - setup_.peer_isn, 0 - kernel_timestamp_, 0 - setup_.timestamp};
  return Sent{to_script(std::move(frame)), arrival.at - begun_};
}

std::optional<Sent> LinuxSubject::next(Duration until) {
  if (!passed_.empty()) {
    Sent sent = std::move(passed_.front());
    passed_.pop_front();
    return sent;
  }
  const auto arrival = tap_.receive(begun_ + until);
  return arrival ? translate(*arrival) : std::nullopt;
}

void LinuxSubject::pass(Duration until) {
  while (const auto arrival = tap_.receive(begun_ + until)) {
    if (auto sent = translate(*arrival)) passed_.push_back(std::move(*sent));
  }
}

Duration LinuxSubject::now() const { return std::chrono::steady_clock::now() - begun_; }

void LinuxSubject::too_big(std::uint32_t /*seq*/, std::uint16_t /*mtu*/) {
  ADD_FAILURE() << "not for the kernel: it keeps path MTUs for all connections";
}

// --- the application ---

void LinuxSubject::remember_error() {
  if (socket_ < 0 || error_ != 0) return;
  socklen_t size = sizeof error_;
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error_, &size);
}

std::size_t LinuxSubject::write(Bytes bytes) {
  const ssize_t taken = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return taken < 0 ? 0 : static_cast<std::size_t>(taken);
}

std::vector<std::byte> LinuxSubject::read(std::size_t size) {
  std::vector<std::byte> bytes(size);
  const ssize_t taken = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  bytes.resize(taken < 0 ? 0 : static_cast<std::size_t>(taken));
  return bytes;
}

void LinuxSubject::close() { shutdown(socket_, SHUT_WR); }

void LinuxSubject::abort() {
  close_with_reset(socket_);
  socket_ = -1;
}

void LinuxSubject::keepalive() { ADD_FAILURE() << "not for the kernel: it asks by a clock of its own"; }

std::size_t LinuxSubject::asked(unsigned long request) const {
  int value = 0;
  if (socket_ < 0 || ioctl(socket_, request, &value) != 0) return 0;
  return static_cast<std::size_t>(value);
}

std::size_t LinuxSubject::readable() { return asked(SIOCINQ); }
std::size_t LinuxSubject::unacknowledged() { return asked(SIOCOUTQ); }

bool LinuxSubject::finished() {
  std::byte one{};
  return recv(socket_, &one, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

std::string LinuxSubject::failure() {
  remember_error();
  switch (error_) {
    case 0:
      return "none";
    case ECONNRESET:
    case EPIPE:  // the peer had closed already
      return "reset";
    case ETIMEDOUT:
      return "timeout";
    default:
      return "error " + std::to_string(error_);
  }
}

std::string LinuxSubject::state() {
  if (socket_ < 0) return std::string(name(tcp::State::kClosed));
  tcp_info info{};
  socklen_t size = sizeof info;
  getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &size);
  constexpr std::array<tcp::State, 12> kStates{
      tcp::State::kClosed,    tcp::State::kEstablished, tcp::State::kSynSent,  tcp::State::kSynReceived,
      tcp::State::kFinWait1,  tcp::State::kFinWait2,    tcp::State::kTimeWait, tcp::State::kClosed,
      tcp::State::kCloseWait, tcp::State::kLastAck,     tcp::State::kClosed,   tcp::State::kClosing};
  return std::string(name(kStates.at(info.tcpi_state)));
}

// The socket of a connection in TIME-WAIT is closed: the kernel keeps a smaller record, which cannot be
// asked.
bool LinuxSubject::in_state(const std::string& name) {
  const std::string is = state();
  return is == name || (name == tcp::name(tcp::State::kTimeWait) && is == tcp::name(tcp::State::kClosed));
}

}  // namespace limpid::scenario
