// What the endpoint's tests share: an endpoint adopted at round numbers, its sink, and segment templates in
// which only that is written which matters.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/tcp/endpoint.h"

namespace limpid::tcp {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A segment that the endpoint has sent, with its own payload.
struct Sent {
  SegmentOut header;
  std::string text;
  bool has(Flag flag) const { return (header.flags & flag) != 0; }
};

class RecordingSink final : public SegmentSink {
 public:
  bool send(const SegmentOut& out) override {
    if (refuse) return false;
    Sent sent{.header = out,
              .text = std::string(as_text(out.payload_first)) + std::string(as_text(out.payload_second))};
    sent.header.payload_first = sent.header.payload_second = {};
    segments.push_back(std::move(sent));
    return true;
  }

  std::vector<Sent> segments;
  bool refuse = false;
};

/// Our stream begins at 1000, the peer's at 5000. Segments of 1000 bytes, no options unless a test asks.
inline constexpr std::uint32_t kOurs = 1000;
inline constexpr std::uint32_t kPeers = 5000;
inline constexpr std::uint16_t kSegment = 1000;

inline Adoption adoption() {
  return {.snd_nxt = kOurs,
          .rcv_nxt = kPeers,
          .peer_window = 60000,
          .sack = true,
          .mss = kSegment,
          .our_window_announced = 60000,
          .rtt = milliseconds{10}};
}

inline EndpointSettings settings() {
  EndpointSettings settings;
  settings.quick_acks = 0;
  return settings;
}

class EndpointTest : public testing::Test {
 protected:
  void adopt(const Adoption& how = adoption(), const EndpointSettings& with = settings()) {
    settings_ = with;
    endpoint_.emplace(settings_, pool_, how, now_);
  }

  Endpoint& endpoint() { return *endpoint_; }

  /// Delivers a segment as one burst of its own and lets the endpoint answer.
  std::vector<Sent> receive(const SegmentIn& segment) {
    endpoint().on_segment(segment, now_);
    return flush();
  }
  std::vector<Sent> flush() {
    sink_.segments.clear();
    endpoint().flush(sink_, now_);
    return std::move(sink_.segments);
  }
  std::vector<Sent> write(std::string_view text) {
    EXPECT_EQ(endpoint().write(as_bytes(text)), text.size());
    return flush();
  }
  std::vector<Sent> wait(Duration time) {
    now_ += time;
    endpoint().on_timer(now_);
    return flush();
  }
  /// Waits for the next timer.
  std::vector<Sent> wait_for_timer() {
    EXPECT_NE(endpoint().deadline(), kNever);
    return wait(endpoint().deadline() - now_);
  }
  std::string read() {
    std::string text;
    while (endpoint().readable() > 0) {
      const Bytes piece = endpoint().peek();
      text += as_text(piece);
      endpoint().consume(piece.size());
    }
    return text;
  }

  ChunkPool pool_{16'384};
  EndpointSettings settings_;
  std::optional<Endpoint> endpoint_;
  RecordingSink sink_;
  Instant now_{seconds{100}};
};

/// A peer's segment: `.seq` and `.ack` as they stand after adoption unless given.
inline SegmentIn segment(SegmentIn given) {
  if (given.seq == 0) given.seq = kPeers;
  if (given.ack == 0) given.ack = kOurs;
  if (given.window == 0) given.window = 60000;
  return given;
}

inline std::string text(std::size_t size, char first = 'a') {
  std::string made(size, '\0');
  for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<char>(first + static_cast<char>(i % 23));
  return made;
}

}  // namespace limpid::tcp
