// Observers: what a run shows of itself, to be read or opened with a packet analyser.
#pragma once

#include <cstdio>
#include <string>

#include "dataplane/tool/pcapng_file.h"
#include "dataplane/wire/segment_composer.h"
#include "tests/simulation/wire.h"
#include "tests/support/memory_packets.h"

namespace limpid::simulation {

/// Told of everything in the order of time.
class Observer {
 public:
  virtual ~Observer() = default;
  /// Every segment as it is sent; some will never arrive. `rightwards`: by the left host.
  virtual void on_frame(bool rightwards, const Frame& frame, Instant now) = 0;
  /// ICMP reaches a host.
  virtual void on_too_big(std::uint32_t seq, std::uint16_t mtu, Instant now) = 0;
};

/// A line for each segment.
class TextTrace final : public Observer {
 public:
  explicit TextTrace(std::FILE* out) : out_(out) {}
  void on_frame(bool rightwards, const Frame& frame, Instant now) override;
  void on_too_big(std::uint32_t seq, std::uint16_t mtu, Instant now) override;

 private:
  std::FILE* out_;  // not owned
};

/// A pcapng file: left is 10.0.0.1:40000, right is 10.0.0.2:443. Times are those of the run.
class PcapngTrace final : public Observer {
 public:
  /// Replaces the file. Where it cannot be written, ok() is false.
  explicit PcapngTrace(const std::string& path);
  void on_frame(bool rightwards, const Frame& frame, Instant now) override;
  void on_too_big(std::uint32_t seq, std::uint16_t mtu, Instant now) override;
  bool ok() const { return file_.ok() && !file_->failing(); }
  /// All of it is in the file then.
  void finish() {
    if (file_.ok()) file_->flush_now({});
  }

 private:
  Result<tool::PcapngFile, std::string> file_;
  wire::MemoryPacketPool packets_;
  wire::HeaderTemplate left_;
  wire::HeaderTemplate right_;
};

}  // namespace limpid::simulation
