// A file descriptor that closes itself, and Unix socket addresses. Any thread.
#pragma once

#include <sys/un.h>

#include <optional>
#include <string>
#include <utility>

namespace limpid::control {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// None where the path is empty or longer than the kernel takes (107 bytes).
std::optional<sockaddr_un> unix_address(const std::string& path);

}  // namespace limpid::control
