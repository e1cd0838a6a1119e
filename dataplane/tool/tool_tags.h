// ToolTags: how one inline tool's wires carry several segments. Every frame of a segment has the segment's
// own 802.1Q tag there, in front of the tags that the flow has itself, and at which side of the tool the
// segment's clients are is said here, too. Dressing and undressing are for every kind of frame, not for TCP
// alone. A value; reads nothing but the frame's Ethernet header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/tool/tool_side.h"
#include "dataplane/wire/packet.h"

namespace limpid::tool {

/// Of one segment.
struct SegmentMark {
  std::uint16_t vlan = 0;           // 1 to 4094; 0: no tag
  ToolSide clients = ToolSide::kA;  // limpid speaks as the client at this side

  friend bool operator==(const SegmentMark&, const SegmentMark&) = default;
};

class ToolTags {
 public:
  /// No tags, and clients at side A: nothing tells the segments apart.
  ToolTags() = default;
  /// By segment. Either all have a tag, each another one, or none has, and their clients are at one side.
  explicit ToolTags(std::vector<SegmentMark> marks);

  /// Frames on the tool's wires say which segment they belong to.
  bool tagged() const { return tagged_; }
  /// The segment, as far as the tool's wires tell it: 0 for all where there are no tags.
  std::uint16_t known_as(std::uint16_t segment) const { return tagged_ ? segment : std::uint16_t{0}; }
  std::size_t segments_known() const { return tagged_ ? marks_.size() : 1; }
  ToolSide clients_of(std::uint16_t segment) const {
    return marks_.empty() ? ToolSide::kA : marks_[segment].clients;
  }
  /// What push() adds to a frame.
  std::size_t size() const;

  /// Before a frame leaves for the tool. False, and the frame as it was, where its buffer has no room.
  [[nodiscard]] bool push(wire::Packet& packet, std::uint16_t segment) const;
  /// After a frame has come from the tool: takes the tag off and says whose it was. Nothing, and the frame as
  /// it was, where its tag is no segment's, or missing. Without tags, 0 for every frame.
  std::optional<std::uint16_t> pull(wire::Packet& packet) const;
  /// A frame of the tool's wires from where it would be readable without the tag: everything behind the MAC
  /// addresses is in its place, the addresses themselves are not.
  Bytes behind_tag(Bytes frame) const;

 private:
  std::vector<SegmentMark> marks_;
  bool tagged_ = false;
};

}  // namespace limpid::tool
