// StreamComparison: whether what came out of a tool is what went in, one direction of one session. Both
// streams are digested as they pass, and the digests compared whenever as much has come out as went in: at
// the end at the latest. Cheap, and no proof against somebody who aims at it. Thread: the worker's.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/base/bytes.h"
#include "dataplane/base/keyed_hash.h"

namespace limpid::tool {

/// The same for the same bytes, however they come in pieces.
class StreamDigest {
 public:
  void add(Bytes bytes) {
    position_ += bytes.size();
    if (filled_ > 0) bytes = bytes.subspan(fill(bytes));
    for (; bytes.size() >= kBlock; bytes = bytes.subspan(kBlock)) take(bytes.data());
    if (!bytes.empty()) fill(bytes);
  }
  std::uint64_t position() const { return position_; }
  friend bool operator==(const StreamDigest& one, const StreamDigest& other) {
    return one.position_ == other.position_ && one.lanes_ == other.lanes_ &&
           std::equal(one.rest_.begin(), one.rest_.begin() + one.filled(), other.rest_.begin());
  }

 private:
  static constexpr std::size_t kBlock = 32;  // four words that do not wait for each other

  std::ptrdiff_t filled() const { return static_cast<std::ptrdiff_t>(filled_); }
  std::size_t fill(Bytes bytes) {
    const std::size_t size = std::min(bytes.size(), kBlock - filled_);
    std::memcpy(rest_.data() + filled_, bytes.data(), size);
    filled_ += size;
    if (filled_ < kBlock) return size;
    take(rest_.data());
    filled_ = 0;
    return size;
  }
  void take(const std::byte* block) {
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      lanes_[i] = fold(load64(block + 8 * i) ^ lanes_[i] ^ kOdd1, kOdd2 + 2 * i);
  }

  std::array<std::uint64_t, 4> lanes_{};
  std::array<std::byte, kBlock> rest_{};
  std::size_t filled_ = 0;  // of rest_
  std::uint64_t position_ = 0;
};

class StreamComparison {
 public:
  void went_in(Bytes bytes) { in_.add(bytes); }
  void came_out(Bytes bytes) {
    out_.add(bytes);
    compare();
  }
  /// Nothing more goes in, and nothing more has come out.
  void ended() { modified_ = modified_ || !(in_ == out_); }
  bool modified() const { return modified_; }

 private:
  /// What is still within the tool cannot be compared yet.
  void compare() {
    if (out_.position() >= in_.position()) modified_ = modified_ || !(in_ == out_);
  }

  StreamDigest in_;
  StreamDigest out_;
  bool modified_ = false;
};

}  // namespace limpid::tool
