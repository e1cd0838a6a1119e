// LegLint: a passive observer of one leg of the box, on the wire between it and one end. It knows what the
// box has heard from that end and judges what the box composes for it: in whose name, how much it
// acknowledges, what it promises, and that bytes once sent are never sent differently.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/tcp/segment.h"
#include "dataplane/wire/packet_view.h"
#include "dataplane/wire/tcp_options.h"
#include "tests/support/frames.h"

namespace limpid::flow {

class LegLint {
 public:
  /// The end of this leg has sent it, and it has reached the box.
  void heard(const frames::Frame& frame) {
    const auto view = wire::parse(frame);
    if (!view || !wire::checksums_valid(*view)) return;
    note_shift(*view, end_shift_);
    identity_ = identity_of(frame, *view);
    if ((view->flags & tcp::kSyn) != 0) {
      heard_base_ = view->seq + 1;
      return;
    }
    if (!heard_base_) return;
    const auto at = static_cast<std::int32_t>(view->seq - *heard_base_);
    const auto size =
        static_cast<std::int32_t>(view->payload_size()) + ((view->flags & tcp::kFin) != 0 ? 1 : 0);
    std::int32_t& end = heard_ranges_[at];
    end = std::max(end, at + size);
    for (const auto& [left, right] : heard_ranges_) {
      if (left > heard_end_) break;
      heard_end_ = std::max(heard_end_, right);
    }
  }

  /// The other end's frame went over this leg as it came.
  void forwarded(const frames::Frame& frame) {
    const auto view = wire::parse(frame);
    if (!view || !wire::checksums_valid(*view)) return;
    note_shift(*view, box_shift_);
    if ((view->flags & tcp::kSyn) != 0) said_base_ = view->seq + 1;
  }

  /// The box has composed it in the other end's name, whose frames look like `other`'s. What is wrong with
  /// it.
  std::optional<std::string> composed(const frames::Frame& frame, const LegLint& other) {
    const auto view = wire::parse(frame);
    if (!view) return "is no segment";
    if (!wire::checksums_valid(*view)) return "has a wrong checksum";
    if (!other.identity_.empty() && identity_of(frame, *view) != other.identity_) {
      return "is not in the other end's name";
    }
    if ((view->flags & tcp::kRst) != 0 || !heard_base_ || !said_base_) return std::nullopt;
    if (auto complaint = check_acknowledgement(*view)) return complaint;
    return check_text(*view);
  }

 private:
  static void note_shift(const wire::PacketView& view, std::optional<std::uint8_t>& shift) {
    if ((view.flags & tcp::kSyn) == 0) return;
    const auto options = wire::parse_tcp_options(view.option_bytes());
    shift = options ? options->window_scale : std::nullopt;
  }

  /// Ethernet addresses, tags and TTL.
  static frames::Frame identity_of(const frames::Frame& frame, const wire::PacketView& view) {
    const std::size_t ip = view.ip.ip_offset;
    frames::Frame identity(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(ip));
    const bool v6 = (frame[ip] >> 4U) == std::byte{6};
    identity.push_back(frame[ip + (v6 ? 7 : 8)]);
    return identity;
  }

  std::optional<std::string> check_acknowledgement(const wire::PacketView& view) {
    const auto ack = static_cast<std::int32_t>(view.ack - *heard_base_);
    if (ack > heard_end_) return "acknowledges what the box has not received";
    if (ack < acknowledged_) return "acknowledges less than before";
    acknowledged_ = ack;
    const std::uint8_t shift =
        box_shift_ && end_shift_ ? std::min<std::uint8_t>(*box_shift_, 14) : std::uint8_t{0};
    const std::int64_t edge = std::int64_t{ack} + (std::int64_t{view.window} << shift);
    if (edge + (std::int64_t{1} << shift) <= edge_) return "takes back a part of the window";
    edge_ = std::max(edge_, edge);
    return std::nullopt;
  }

  std::optional<std::string> check_text(const wire::PacketView& view) {
    const auto at = static_cast<std::int32_t>(view.seq - *said_base_);
    const Bytes payload = view.payload();
    if (payload.empty()) return std::nullopt;
    if (at < 0) return "sends from before the stream";
    const auto begin = static_cast<std::size_t>(at);
    if (said_.size() < begin + payload.size()) said_.resize(begin + payload.size());
    for (std::size_t i = 0; i < payload.size(); ++i) {
      std::optional<std::byte>& before = said_[begin + i];
      if (before && *before != payload[i]) return "sends other bytes than before";
      before = payload[i];
    }
    return std::nullopt;
  }

  // Positions count from the first byte of the stream.
  std::optional<std::uint32_t> heard_base_;
  std::map<std::int32_t, std::int32_t> heard_ranges_;
  std::int32_t heard_end_ = 0;
  std::optional<std::uint8_t> end_shift_;  // that the end of this leg has offered
  frames::Frame identity_;

  std::optional<std::uint32_t> said_base_;
  std::optional<std::uint8_t> box_shift_;  // that the other end has offered
  std::vector<std::optional<std::byte>> said_;
  std::int32_t acknowledged_ = 0;
  std::int64_t edge_ = 0;
};

}  // namespace limpid::flow
