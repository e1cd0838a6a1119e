#include "control/control_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

#include "control/protocol.h"
#include "control/unix_socket.h"
#include "dataplane/base/descriptor.h"

namespace limpid::control {

namespace {

constexpr int kBacklog = 16;
constexpr mode_t kOwnerOnly = 0600;

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

/// Somebody answers at the address.
bool alive(const sockaddr_un& address) {
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(probe.number(), generic(address), sizeof address) == 0 || errno == EAGAIN;
}

bool is_socket(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

Result<Descriptor, std::string> listen_at(const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return Failure{path + ": a socket's path has 1 to 107 bytes"};
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return Failure{system_failure(path, "no socket can be made", errno)};
  // Before bind(): the socket file then never has another mode.
  if (::fchmod(listener.number(), kOwnerOnly) != 0) return Failure{system_failure(path, "mode", errno)};
  if (::bind(listener.number(), generic(*address), sizeof *address) != 0) {
    if (errno != EADDRINUSE) return Failure{system_failure(path, "the socket cannot be bound", errno)};
    if (!is_socket(path)) return Failure{path + ": exists and is not a socket"};
    if (alive(*address)) return Failure{path + ": another limpid is running and listens here"};
    ::unlink(path.c_str());
    if (::bind(listener.number(), generic(*address), sizeof *address) != 0) {
      return Failure{system_failure(path, "the socket cannot be bound", errno)};
    }
  }
  if (::listen(listener.number(), kBacklog) != 0)
    return Failure{system_failure(path, "nobody can connect", errno)};
  return listener;
}

struct Client {
  Descriptor descriptor;
  std::string in;           // the beginning of a request, or further requests behind the one being answered
  std::string out;          // of one answer
  std::size_t written = 0;  // of `out`
  bool ended = false;       // it will send nothing more
  bool closing = false;     // to be closed when `out` is written

  bool answering() const { return written < out.size(); }
};

}  // namespace

class ControlSocket::Server {
 public:
  Server(const ControlSocketSettings& settings, Backend& backend, Descriptor listener)
      : settings_(settings), backend_(backend), listener_(std::move(listener)) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { ::unlink(settings_.path.c_str()); }

  void serve(Duration at_most, int wake) {
    polls_.clear();
    polls_.push_back({listener_.number(), POLLIN, 0});
    polls_.push_back({wake, POLLIN, 0});  // poll() passes over a negative one
    for (const Client& client : clients_) {
      polls_.push_back(
          {client.descriptor.number(), static_cast<short>(client.answering() ? POLLOUT : POLLIN), 0});
    }
    const auto wait_ms =
        std::chrono::ceil<std::chrono::milliseconds>(std::max(at_most, Duration::zero())).count();
    if (::poll(polls_.data(), polls_.size(), static_cast<int>(wait_ms)) <= 0) return;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (polls_[i + 2].revents != 0) attend(clients_[i]);
    }
    clients_.erase(
        std::remove_if(clients_.begin(), clients_.end(), [](const Client& c) { return !c.descriptor; }),
        clients_.end());
    if ((polls_[0].revents & POLLIN) != 0) accept_all();
  }

  std::size_t clients() const { return clients_.size(); }

 private:
  void accept_all() {
    for (;;) {
      Descriptor accepted(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!accepted) return;
      Client client{std::move(accepted), {}, {}, 0, false, false};
      if (clients_.size() >= settings_.clients_max) {
        client.out = refusal("too many clients are connected");
        write_some(client);
        continue;
      }
      clients_.push_back(std::move(client));
    }
  }

  void attend(Client& client) {
    if (client.answering()) {
      write_some(client);
    } else {
      read_some(client);
    }
    // One answer at a time: the next request is looked at when the answer before it is written.
    while (client.descriptor && !client.answering()) {
      if (client.closing || !answer_next(client)) break;
      write_some(client);
    }
    if (client.descriptor && !client.answering() && (client.closing || client.ended))
      client.descriptor = Descriptor();
  }

  void read_some(Client& client) {
    std::array<char, 16'384> piece;
    const ssize_t size = ::recv(client.descriptor.number(), piece.data(), piece.size(), 0);
    if (size > 0) {
      client.in.append(piece.data(), static_cast<std::size_t>(size));
    } else if (size == 0) {
      client.ended = true;
    } else if (errno != EAGAIN && errno != EINTR) {
      client.descriptor = Descriptor();
    }
  }

  /// False: there is no whole request.
  bool answer_next(Client& client) {
    const std::size_t end = client.in.find('\n');
    if (std::min(end, client.in.size()) > settings_.request_bytes_max) {
      client.out = refusal("the request is too long");
      client.closing = true;
    } else if (end == std::string::npos) {
      return false;
    } else {
      client.out = answer(std::string_view(client.in).substr(0, end), backend_);
      client.in.erase(0, end + 1);
    }
    client.written = 0;
    return true;
  }

  void write_some(Client& client) {
    const std::string_view rest = std::string_view(client.out).substr(client.written);
    const ssize_t size = ::send(client.descriptor.number(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (size >= 0) {
      client.written += static_cast<std::size_t>(size);
      if (!client.answering()) {
        client.out.clear();
        client.out.shrink_to_fit();
        client.written = 0;
      }
    } else if (errno != EAGAIN && errno != EINTR) {
      client.descriptor = Descriptor();
    }
  }

  ControlSocketSettings settings_;
  Backend& backend_;
  Descriptor listener_;
  std::vector<Client> clients_;
  std::vector<pollfd> polls_;
};

Result<std::unique_ptr<ControlSocket>, std::string> ControlSocket::open(const ControlSocketSettings& settings,
                                                                        Backend& backend) {
  Result<Descriptor, std::string> listener = listen_at(settings.path);
  if (!listener) return Failure{listener.error()};
  auto server = std::make_unique<Server>(settings, backend, std::move(listener).value());
  return std::unique_ptr<ControlSocket>(new ControlSocket(std::move(server)));
}

ControlSocket::ControlSocket(std::unique_ptr<Server> server) : server_(std::move(server)) {}
ControlSocket::~ControlSocket() = default;

void ControlSocket::serve(Duration at_most, int wake) { server_->serve(at_most, wake); }
std::size_t ControlSocket::clients() const { return server_->clients(); }

}  // namespace limpid::control
