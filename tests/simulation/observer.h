// Observers: what a run shows of itself, to be read or opened with a packet analyser.
#pragma once

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/tool/pcapng.h"
#include "tests/simulation/ethernet.h"
#include "tests/simulation/link.h"
#include "tests/simulation/wire.h"

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

/// A pcapng file, with an interface for each link. Times are those of the run.
class Recording {
 public:
  /// Replaces the file. Where it cannot be written, ok() is false.
  Recording(const std::string& path, const std::vector<std::string>& links);
  void add(std::uint32_t link, Bytes frame, Instant now, std::string_view comment = {});
  /// All of it is in the file then.
  void finish();
  bool ok() const { return file_.good(); }

 private:
  std::ofstream file_;
  tool::pcapng::Buffer gathered_;
};

/// Left is 10.0.0.1:40000, right is 10.0.0.2:443.
class PcapngTrace final : public Observer {
 public:
  explicit PcapngTrace(Recording& to);
  void on_frame(bool rightwards, const Frame& frame, Instant now) override;
  /// Where reports come from has no place in a picture of one link.
  void on_too_big(std::uint32_t /*seq*/, std::uint16_t /*mtu*/, Instant /*now*/) override {}

 private:
  Recording& to_;
  Route rightwards_;
};

/// The four links of a whole-box run.
enum class BoxLink : std::uint8_t { kClient, kToolA, kToolB, kServer };
inline const std::vector<std::string> kBoxLinks{"client", "tool-a", "tool-b", "server"};

class BoxObserver {
 public:
  virtual ~BoxObserver() = default;
  /// Every frame as it is sent, and what becomes of it.
  virtual void on_frame(BoxLink link, const RawFrame& frame, const Passage& passage, Instant now) = 0;
};

class BoxTextTrace final : public BoxObserver {
 public:
  explicit BoxTextTrace(std::FILE* out) : out_(out) {}
  void on_frame(BoxLink link, const RawFrame& frame, const Passage& passage, Instant now) override;

 private:
  std::FILE* out_;  // not owned
};

class BoxPcapngTrace final : public BoxObserver {
 public:
  explicit BoxPcapngTrace(Recording& to) : to_(to) {}
  void on_frame(BoxLink link, const RawFrame& frame, const Passage& passage, Instant now) override;

 private:
  Recording& to_;
};

}  // namespace limpid::simulation
