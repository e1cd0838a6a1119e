// See sleeper.h.
#include "dataplane/worker/sleeper.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>

namespace limpid::worker {
namespace {

constexpr std::size_t kDescriptorsMax = 64;  // any further ones are looked at when the nap is over

timespec as_timespec(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {static_cast<time_t>(seconds.count()), static_cast<long>((duration - seconds).count())};
}

/// An interface that went down leaves an error on its sockets, which would end every later wait at once.
void clear_error(int descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
}

}  // namespace

void PollSleeper::sleep(Duration at_most, std::span<const int> descriptors) {
  std::array<pollfd, kDescriptorsMax> watched;
  const std::size_t count = std::min(descriptors.size(), kDescriptorsMax);
  for (std::size_t i = 0; i < count; ++i) watched[i] = {descriptors[i], POLLIN, 0};
  const timespec limit = as_timespec(at_most);
  if (ppoll(watched.data(), count, &limit, nullptr) <= 0) return;
  bool broken = false;
  for (std::size_t i = 0; i < count; ++i) {
    if ((watched[i].revents & (POLLERR | POLLHUP | POLLNVAL)) == 0) continue;
    clear_error(watched[i].fd);
    broken = true;
  }
  const timespec pause = as_timespec(std::min<Duration>(at_most, std::chrono::milliseconds(1)));
  if (broken) nanosleep(&pause, nullptr);  // an error that stays must not make the worker spin
}

}  // namespace limpid::worker
