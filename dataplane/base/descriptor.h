// A file descriptor that is closed with its owner, and what files do to programs: they take a part, and fail.
// Any thread, one at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/base/bytes.h"

namespace limpid {

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

/// How many bytes the file has taken, signals or not; where that is not all of them, errno says why.
std::size_t write_all(const Descriptor& file, Bytes bytes);

/// "path: what: the system's word for `error`, an errno".
std::string system_failure(const std::string& path, std::string_view what, int error);

}  // namespace limpid
