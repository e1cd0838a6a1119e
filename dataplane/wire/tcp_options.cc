#include "dataplane/wire/tcp_options.h"

#include <algorithm>

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/tcp_option_kinds.h"

namespace limpid::wire {

namespace {

/// The layout nearly every segment of today has: NOP NOP timestamps.
bool only_timestamps(Bytes bytes) { return bytes.size() == 12 && load32(bytes.data()) == 0x0101080aU; }

bool read_sack(ByteReader& value, TcpOptions& options) {
  const std::size_t blocks = value.rest().size() / 8;
  if (blocks == 0 || blocks > options.sack.size() || value.rest().size() % 8 != 0) return false;
  for (std::size_t i = 0; i < blocks; ++i) {
    options.sack[i].left = value.u32();
    options.sack[i].right = value.u32();
  }
  options.sack_blocks = static_cast<std::uint8_t>(blocks);
  return true;
}

/// False where a known option has the wrong size.
bool read_option(std::uint8_t kind, Bytes body, TcpOptions& options) {
  ByteReader value(body);
  switch (kind) {
    case option::kMss:
      options.mss = value.u16();
      break;
    case option::kWindowScale:
      options.window_scale = value.u8();
      break;
    case option::kSackPermitted:
      options.sack_permitted = true;
      break;
    case option::kSack:
      return read_sack(value, options);
    case option::kTimestamps: {
      Timestamps timestamps;
      timestamps.value = value.u32();
      timestamps.echo = value.u32();
      options.timestamps = timestamps;
      break;
    }
    case option::kFastOpen:
      options.fast_open = true;
      return true;
    case option::kExperiment254:
      if (body.size() >= 2 && load16(body.data()) == option::kFastOpenMagic) {
        options.fast_open = true;
      } else {
        options.unknown = true;
      }
      return true;
    case option::kMultipath:
      options.multipath = true;
      options.multipath_join =
          !body.empty() && std::to_integer<unsigned>(body[0]) >> 4U == option::kMultipathJoin;
      return true;
    case option::kMd5:
    case option::kAuthentication:
      options.signature = true;
      return true;
    default:
      options.unknown = true;
      return true;
  }
  return !value.failed() && value.empty();
}

}  // namespace

std::optional<TcpOptions> parse_tcp_options(Bytes bytes) {
  TcpOptions options;
  if (only_timestamps(bytes)) {
    options.timestamps = Timestamps{.value = load32(bytes.data() + 4), .echo = load32(bytes.data() + 8)};
    return options;
  }
  ByteReader reader(bytes);
  while (!reader.empty()) {
    const std::uint8_t kind = reader.u8();
    if (kind == option::kEnd) break;
    if (kind == option::kNoOperation) continue;
    const std::uint8_t size = reader.u8();
    if (reader.failed() || size < 2) return std::nullopt;
    const Bytes body = reader.take(size - 2U);
    if (reader.failed() || !read_option(kind, body, options)) return std::nullopt;
  }
  return options;
}

std::size_t write_tcp_options(const TcpOptions& options, MutableBytes into) {
  std::size_t size = 0;
  const auto put8 = [&](unsigned value) { into[size++] = static_cast<std::byte>(value); };
  const auto put32 = [&](std::uint32_t value) {
    store32(into.data() + size, value);
    size += 4;
  };
  if (options.mss) {
    put32((std::uint32_t{option::kMss} << 24U) | (4U << 16U) | *options.mss);
  }
  if (options.sack_permitted) {
    if (!options.timestamps) {
      put8(option::kNoOperation);
      put8(option::kNoOperation);
    }
    put8(option::kSackPermitted);
    put8(2);
  }
  if (options.timestamps) {
    if (!options.sack_permitted) {
      put8(option::kNoOperation);
      put8(option::kNoOperation);
    }
    put8(option::kTimestamps);
    put8(10);
    put32(options.timestamps->value);
    put32(options.timestamps->echo);
  }
  if (options.window_scale) {
    put8(option::kNoOperation);
    put8(option::kWindowScale);
    put8(3);
    put8(*options.window_scale);
  }
  const std::size_t room = kTcpOptionsMax - size;
  const std::size_t wanted = std::min<std::size_t>(options.sack_blocks, options.sack.size());
  const std::size_t blocks = room < 12 ? 0 : std::min(wanted, (room - 4) / 8);
  if (blocks != 0) {
    put8(option::kNoOperation);
    put8(option::kNoOperation);
    put8(option::kSack);
    put8(static_cast<unsigned>(2 + 8 * blocks));
    for (std::size_t i = 0; i < blocks; ++i) {
      put32(options.sack[i].left);
      put32(options.sack[i].right);
    }
  }
  return size;
}

}  // namespace limpid::wire
