#include "dataplane/tool/pcapng.h"

#include <algorithm>

namespace limpid::tool::pcapng {

namespace {

constexpr std::uint16_t kLinkTypeEthernet = 1;
constexpr std::uint16_t kOptionEnd = 0;
constexpr std::uint16_t kOptionComment = 1;
constexpr std::uint16_t kOptionName = 2;            // if_name
constexpr std::uint16_t kOptionTimeResolution = 9;  // if_tsresol
constexpr std::uint16_t kOptionApplication = 4;     // shb_userappl
constexpr std::byte kNanoseconds{9};                // negative power of ten
constexpr std::size_t kOptionValueMax = 65'535;

void put(Buffer& to, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) to.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void put_padded(Buffer& to, Bytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
  to.resize(to.size() + (4 - bytes.size() % 4) % 4);
}

void put_option(Buffer& to, std::uint16_t code, Bytes value) {
  const Bytes kept = value.first(std::min(value.size(), kOptionValueMax));
  put(to, code, 2);
  put(to, kept.size(), 2);
  put_padded(to, kept);
}

/// Writes a block's type and, when the body is complete, both its lengths (section 3.1).
class Block {
 public:
  Block(Buffer& to, std::uint32_t type) : to_(to), begin_(to.size()) {
    put(to, type, 4);
    put(to, 0, 4);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    const std::size_t size = to_.size() - begin_ + 4;
    for (std::size_t i = 0; i < 4; ++i) to_[begin_ + 4 + i] = static_cast<std::byte>(size >> (8 * i));
    put(to_, size, 4);
  }

 private:
  Buffer& to_;
  std::size_t begin_;
};

}  // namespace

void append_section(Buffer& to, std::string_view application) {
  const Block block(to, kSectionHeader);
  put(to, kByteOrderMagic, 4);
  put(to, 1, 2);  // version 1.0
  put(to, 0, 2);
  put(to, ~std::uint64_t{0}, 8);  // section length: not given
  put_option(to, kOptionApplication, as_bytes(application));
  put_option(to, kOptionEnd, {});
}

void append_interface(Buffer& to, std::string_view name) {
  const Block block(to, kInterfaceDescription);
  put(to, kLinkTypeEthernet, 2);
  put(to, 0, 2);  // reserved
  put(to, 0, 4);  // no limit of length
  put_option(to, kOptionName, as_bytes(name));
  put_option(to, kOptionTimeResolution, Bytes{&kNanoseconds, 1});
  put_option(to, kOptionEnd, {});
}

void append_packet(Buffer& to, std::uint32_t interface, WallTime when, Bytes frame,
                   std::string_view comment) {
  const auto time_ns = static_cast<std::uint64_t>(when.time_since_epoch().count());
  const Block block(to, kEnhancedPacket);
  put(to, interface, 4);
  put(to, time_ns >> 32U, 4);
  put(to, time_ns & 0xffffffffU, 4);
  put(to, frame.size(), 4);  // captured
  put(to, frame.size(), 4);  // on the wire
  put_padded(to, frame);
  if (comment.empty()) return;
  put_option(to, kOptionComment, as_bytes(comment));
  put_option(to, kOptionEnd, {});
}

void append_secrets(Buffer& to, Bytes lines) {
  constexpr std::uint32_t kTlsKeyLog = 0x544c534b;
  const Block block(to, kDecryptionSecrets);
  put(to, kTlsKeyLog, 4);
  put(to, lines.size(), 4);
  put_padded(to, lines);
}

std::size_t packet_size(std::size_t frame_size) {
  constexpr std::size_t kAround = 32;  // type, both lengths, and the five fields before the frame
  return kAround + (frame_size + 3) / 4 * 4;
}

}  // namespace limpid::tool::pcapng
