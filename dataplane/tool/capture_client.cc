#include "dataplane/tool/capture_client.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace limpid::tool {

CaptureClient::CaptureClient(Descriptor socket, std::string_view interface_name, std::size_t waiting_max)
    : socket_(std::move(socket)), waiting_max_(waiting_max) {
  pcapng::append_section(waiting_, "limpid");
  pcapng::append_interface(waiting_, interface_name);
}

bool CaptureClient::append(Bytes block) {
  if (waiting_.size() - sent_ >= kSendAt) flush();
  if (waiting_.size() - sent_ + block.size() > waiting_max_) return false;
  waiting_.insert(waiting_.end(), block.begin(), block.end());
  return true;
}

bool CaptureClient::flush() {
  while (!failed_ && sent_ < waiting_.size()) {
    const ssize_t taken = ::send(socket_.number(), waiting_.data() + sent_, waiting_.size() - sent_,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (taken < 0) failed_ = true;
    if (taken > 0) sent_ += static_cast<std::size_t>(taken);
  }
  // What is sent is dropped in large pieces: moving the rest costs more than keeping it a while.
  if (sent_ == waiting_.size() || sent_ > waiting_max_ / 2) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(sent_));
    sent_ = 0;
  }
  return !failed_ && !gone();
}

/// A reader has nothing to say: whatever it sends is dropped, and its end is the end.
bool CaptureClient::gone() const {
  std::array<std::byte, 1'024> said{};
  for (int i = 0; i < 4; ++i) {
    const ssize_t got = ::recv(socket_.number(), said.data(), said.size(), MSG_DONTWAIT);
    if (got > 0) continue;
    if (got < 0 && errno == EINTR) continue;
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
  return false;
}

}  // namespace limpid::tool
