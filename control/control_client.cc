#include "control/control_client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "control/unix_socket.h"
#include "dataplane/base/descriptor.h"

namespace limpid::control {

namespace {

constexpr std::size_t kAnswerMax = 256U << 20U;

Failure<AskError> failure(const std::string& path, std::string_view what, int error) {
  return Failure{
      AskError{false, path + ": " + std::string(what) + ": " + std::generic_category().message(error)}};
}

void limit_silence(int descriptor, Duration silence_max) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(silence_max).count();
  const timeval time{microseconds / 1'000'000, microseconds % 1'000'000};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

}  // namespace

Result<std::string, AskError> ask(const std::string& socket_path, std::string_view request,
                                  Duration silence_max) {
  const auto address = unix_address(socket_path);
  if (!address) return Failure{AskError{false, socket_path + ": a socket's path has 1 to 107 bytes"}};
  const Descriptor connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection) return failure(socket_path, "no socket can be made", errno);
  limit_silence(connection.number(), silence_max);
  if (::connect(connection.number(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) {
      return Failure{AskError{true, "limpid is not running: nobody listens at " + socket_path}};
    }
    return failure(socket_path, "cannot be connected to", errno);
  }
  while (!request.empty()) {
    const ssize_t sent = ::send(connection.number(), request.data(), request.size(), MSG_NOSIGNAL);
    if (sent < 0) return failure(socket_path, "the request cannot be sent", errno);
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string answer;
  std::array<char, 65'536> piece;
  for (;;) {
    const ssize_t size = ::recv(connection.number(), piece.data(), piece.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failure(socket_path, "no answer", errno == EAGAIN ? ETIMEDOUT : errno);
    if (size == 0) return Failure{AskError{false, socket_path + ": limpid ended the connection"}};
    const std::string_view text(piece.data(), static_cast<std::size_t>(size));
    const std::size_t end = text.find('\n');
    answer += text.substr(0, end);
    if (end != std::string_view::npos) return answer;
    if (answer.size() > kAnswerMax) return Failure{AskError{false, socket_path + ": the answer has no end"}};
  }
}

}  // namespace limpid::control
