// See memif_socket.h.
#include "dataplane/nic/memif_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace limpid::nic {
namespace {

constexpr int kHelloMilliseconds = 1000;
constexpr int kShortMilliseconds = 100;

/// Whether anybody listens at the socket: 0, or the error number of connect(2). Who does speaks first, and
/// may not like it when the other has gone by then (SIGPIPE).
int try_to_connect(const std::string& path, int hello_milliseconds) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  path.copy(address.sun_path, path.size());
  const int descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return errno;
  const int done = connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = done == 0 ? 0 : errno;
  pollfd waiting{.fd = descriptor, .events = POLLIN, .revents = 0};
  if (error == 0) poll(&waiting, 1, hello_milliseconds);
  close(descriptor);
  return error;
}

}  // namespace

std::string clear_way_of_server(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return {};  // what else may be wrong the driver will say
  if (!S_ISSOCK(status.st_mode)) return path + " is there, and is not a socket";
  if (try_to_connect(path, kHelloMilliseconds) != ECONNREFUSED)
    return "somebody is the server at " + path + " already; is this port the client?";
  if (unlink(path.c_str()) == 0) return {};
  return "the socket that another process has left at " + path +
         " cannot be removed: " + std::generic_category().message(errno);
}

bool takes_connections(const std::string& path) { return try_to_connect(path, kShortMilliseconds) == 0; }

}  // namespace limpid::nic
