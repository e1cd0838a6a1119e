#include "dataplane/wire/syn_editor.h"

#include <cstring>

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/pseudo_header.h"
#include "dataplane/wire/tcp_option_kinds.h"

namespace limpid::wire {

namespace {

constexpr std::size_t kChecksumAt = 16;

/// One TCP header being edited: every change of a byte goes into its checksum.
class TcpEditor {
 public:
  TcpEditor(MutableBytes frame, const PacketView& view) : tcp_(frame.data() + view.tcp_offset()) {}

  void set(std::size_t at, std::byte value) {
    if (tcp_[at] == value) return;
    std::byte* word = tcp_ + (at & ~std::size_t{1});
    const std::uint16_t before = load16(word);
    tcp_[at] = value;
    store16(tcp_ + kChecksumAt, checksum_update(load16(tcp_ + kChecksumAt), before, load16(word)));
    changed_ = true;
  }
  std::byte at(std::size_t offset) const { return tcp_[offset]; }
  bool changed() const { return changed_; }

 private:
  std::byte* tcp_;
  bool changed_ = false;
};

bool is_kept(std::uint8_t kind) {
  return kind == option::kMss || kind == option::kWindowScale || kind == option::kSackPermitted ||
         kind == option::kTimestamps;
}

void clamp_mss(TcpEditor& editor, std::size_t value_at, std::uint16_t mss_max) {
  const unsigned mss = (std::to_integer<unsigned>(editor.at(value_at)) << 8U) |
                       std::to_integer<unsigned>(editor.at(value_at + 1));
  if (mss <= mss_max) return;
  editor.set(value_at, static_cast<std::byte>(mss_max >> 8U));
  editor.set(value_at + 1, static_cast<std::byte>(mss_max & 0xffU));
}

}  // namespace

bool edit_syn(MutableBytes frame, const PacketView& view, std::uint16_t mss_max) {
  TcpEditor editor(frame, view);
  editor.set(12, editor.at(12) & std::byte{0xfe});
  const std::size_t end = kTcpSize + view.option_bytes().size();
  for (std::size_t at = kTcpSize; at < end;) {
    const auto kind = std::to_integer<std::uint8_t>(editor.at(at));
    if (kind == option::kEnd) break;
    if (kind == option::kNoOperation) {
      ++at;
      continue;
    }
    const std::size_t size = at + 1 < end ? std::to_integer<std::size_t>(editor.at(at + 1)) : 0;
    if (size < 2 || at + size > end) break;
    if (kind == option::kMss && size == 4) clamp_mss(editor, at + 2, mss_max);
    for (std::size_t i = 0; i < size && !is_kept(kind); ++i)
      editor.set(at + i, std::byte{option::kNoOperation});
    at += size;
  }
  return editor.changed();
}

Packet copy_without_payload(PacketPool& pool, const PacketView& view) {
  Packet packet = pool.allocate(view.payload_offset);
  if (!packet) return packet;
  const std::size_t removed = view.payload_size();
  std::memcpy(packet.bytes().data(), view.ip.frame.data(), view.payload_offset);
  std::byte* ip = packet.bytes().data() + view.ip.ip_offset;
  if (view.ip.v6) {
    store16(ip + 4, static_cast<std::uint16_t>(load16(ip + 4) - removed));
  } else {
    const std::uint16_t before = load16(ip + 2);
    store16(ip + 2, static_cast<std::uint16_t>(before - removed));
    store16(ip + 10, checksum_update(load16(ip + 10), before, load16(ip + 2)));
  }
  std::byte* tcp = packet.bytes().data() + view.tcp_offset();
  const Bytes segment = Bytes{packet.bytes()}.subspan(view.tcp_offset());
  store16(tcp + kChecksumAt, 0);
  const std::uint32_t sum =
      pseudo_header_sum({view.ip.source_bytes(), view.ip.address_size() * 2}, segment.size());
  store16(tcp + kChecksumAt, checksum_finish(checksum_add(sum, segment)));
  return packet;
}

}  // namespace limpid::wire
