#include "dataplane/tool/tool_tags.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/ethertype.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::tool {

namespace {

constexpr std::size_t kAddressesSize = 12;         // the tag follows both MAC addresses (IEEE 802.1Q §9.3)
constexpr std::uint16_t kIdentifierBits = 0x0fff;  // the others are priority, which a tool may change

bool has_tag(Bytes frame) {
  return frame.size() >= wire::kEthernetSize + wire::kVlanTagSize &&
         wire::load16(frame.data() + kAddressesSize) == wire::kTagCustomer;
}

}  // namespace

ToolTags::ToolTags(std::vector<SegmentMark> marks) : marks_(std::move(marks)) {
  const auto tags = std::count_if(marks_.begin(), marks_.end(), [](auto& mark) { return mark.vlan != 0; });
  tagged_ = tags != 0;
  LIMPID_CHECK(!tagged_ || static_cast<std::size_t>(tags) == marks_.size(),
               "some segments have a tag on a tool's wires, and some have none");
}

std::size_t ToolTags::size() const { return tagged_ ? wire::kVlanTagSize : 0; }

bool ToolTags::push(wire::Packet& packet, std::uint16_t segment) const {
  if (!tagged_) return true;
  if (!packet.grow_front(wire::kVlanTagSize)) return false;
  std::byte* frame = packet.bytes().data();
  std::memmove(frame, frame + wire::kVlanTagSize, kAddressesSize);
  wire::store16(frame + kAddressesSize, wire::kTagCustomer);
  wire::store16(frame + kAddressesSize + 2, marks_[segment].vlan);
  return true;
}

std::optional<std::uint16_t> ToolTags::pull(wire::Packet& packet) const {
  if (!tagged_) return 0;
  if (!has_tag(packet.bytes())) return std::nullopt;
  std::byte* frame = packet.bytes().data();
  const unsigned vlan = wire::load16(frame + kAddressesSize + 2) & kIdentifierBits;
  const auto mark =
      std::find_if(marks_.begin(), marks_.end(), [vlan](const SegmentMark& one) { return one.vlan == vlan; });
  if (mark == marks_.end()) return std::nullopt;
  std::memmove(frame + wire::kVlanTagSize, frame, kAddressesSize);
  packet.cut_front(wire::kVlanTagSize);
  return static_cast<std::uint16_t>(mark - marks_.begin());
}

Bytes ToolTags::behind_tag(Bytes frame) const {
  return tagged_ && has_tag(frame) ? frame.subspan(wire::kVlanTagSize) : frame;
}

}  // namespace limpid::tool
