#include "dataplane/wire/segment_composer.h"

#include <array>
#include <cstring>

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/pseudo_header.h"

namespace limpid::wire {

namespace {

void copy(std::byte* to, Bytes from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

}  // namespace

Packet compose_segment(PacketPool& pool, HeaderTemplate& headers, const SegmentValues& values,
                       const TcpOptions& options) {
  std::array<std::byte, kTcpOptionsMax> option_bytes;
  const std::size_t option_size = write_tcp_options(options, option_bytes);
  const std::size_t tcp_size = kTcpSize + option_size;
  const std::size_t segment_size = tcp_size + values.payload_first.size() + values.payload_second.size();
  Packet packet = pool.allocate(headers.size() + segment_size);
  if (!packet) return packet;

  headers.write(packet.bytes(), segment_size, values.ect);
  std::byte* tcp = packet.bytes().data() + headers.size();
  store16(tcp, headers.source_port());
  store16(tcp + 2, headers.destination_port());
  store32(tcp + 4, values.seq);
  store32(tcp + 8, values.ack);
  tcp[12] = static_cast<std::byte>(tcp_size / 4 << 4U);
  tcp[13] = static_cast<std::byte>(values.flags);
  store16(tcp + 14, values.window);
  store32(tcp + 16, 0);  // checksum and urgent pointer
  copy(tcp + kTcpSize, Bytes{option_bytes}.first(option_size));
  copy(tcp + tcp_size, values.payload_first);
  copy(tcp + tcp_size + values.payload_first.size(), values.payload_second);
  const std::uint32_t sum = pseudo_header_sum(headers.addresses(), segment_size);
  store16(tcp + 16, checksum_finish(checksum_add(sum, Bytes{tcp, segment_size})));
  return packet;
}

}  // namespace limpid::wire
