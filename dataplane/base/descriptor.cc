#include "dataplane/base/descriptor.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace limpid {

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::size_t write_all(const Descriptor& file, Bytes bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t size = ::write(file.number(), bytes.data() + written, bytes.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    written += static_cast<std::size_t>(size);
  }
  return written;
}

std::string system_failure(const std::string& path, std::string_view what, int error) {
  return path + ": " + std::string(what) + ": " + std::generic_category().message(error);
}

}  // namespace limpid
