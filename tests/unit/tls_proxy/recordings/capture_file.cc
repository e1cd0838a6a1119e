#include "tests/unit/tls_proxy/recordings/capture_file.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace limpid::testing {

namespace {

constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr std::uint32_t kInterface = 1;
constexpr std::uint32_t kOldPacket = 2;
constexpr std::uint32_t kSimplePacket = 3;
constexpr std::uint32_t kPacket = 6;
constexpr unsigned kEthernetLink = 1;

/// nullopt: there is no such file, or it cannot be unpacked to its end. What is not packed is read as it is.
std::optional<std::string> contents(const std::filesystem::path& file) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> in(gzopen(file.c_str(), "rb"), gzclose);
  if (in == nullptr) return std::nullopt;
  std::string text;
  std::string part(1U << 16U, '\0');
  int size = 0;
  while ((size = gzread(in.get(), part.data(), static_cast<unsigned>(part.size()))) > 0)
    text.append(part, 0, static_cast<std::size_t>(size));
  int error = Z_OK;
  gzerror(in.get(), &error);
  return size == 0 && error == Z_OK ? std::optional(std::move(text)) : std::nullopt;
}

/// Of a packet as Linux's filters log it: values of a type and a size each, in the order of bytes of x86. The
/// packet is one of them; where none is, all is header.
std::size_t header_of_log(std::string_view frame) {
  constexpr unsigned kPayload = 9;
  const auto number = [&](std::size_t at) {
    return static_cast<unsigned char>(frame[at]) | unsigned{static_cast<unsigned char>(frame[at + 1])} << 8U;
  };
  for (std::size_t at = 4; at + 4 <= frame.size();) {
    const std::size_t size = number(at);
    if (number(at + 2) == kPayload) return at + 4;
    if (size < 4) break;
    at += (size + 3) / 4 * 4;
  }
  return frame.size();
}

/// What stands before the IP packet; nullopt: this link is not read.
std::optional<std::size_t> header_size(unsigned link, std::string_view frame) {
  switch (link) {
    case 0:    // BSD's loopback
    case 108:  // OpenBSD's
      return 4;
    case 9:  // PPP, with HDLC's address and control field or without
      return frame.starts_with("\xff\x03") ? 4 : 2;
    case 10:  // FDDI, with LLC and SNAP
      return 21;
    case 113:  // Linux's cooked frames
      return 16;
    case 276:  // their second version
      return 20;
    case 239:
      return header_of_log(frame);
    case 101:  // bare IP
    case 228:  // IPv4
    case 229:  // IPv6
      return 0;
    default:
      return std::nullopt;
  }
}

/// Empty: nothing follows the header. What is not IP is not told apart: nobody can read it either way.
std::string as_ethernet(std::size_t header, std::string_view frame) {
  if (header >= frame.size()) return {};
  const std::string_view ip = frame.substr(header);
  const bool v6 = (static_cast<unsigned char>(ip[0]) >> 4U) == 6;
  return std::string(12, '\0') + (v6 ? "\x86\xdd" : std::string("\x08\0", 2)) + std::string(ip);
}

class CaptureReader {
 public:
  CaptureReader(std::string_view file, const std::function<void(std::string_view)>& take)
      : rest_(file), take_(take) {}

  CaptureEnd read() {
    const bool big_pcap = rest_.starts_with("\xa1\xb2\xc3\xd4") || rest_.starts_with("\xa1\xb2\x3c\x4d");
    const bool little_pcap = rest_.starts_with("\xd4\xc3\xb2\xa1") || rest_.starts_with("\x4d\x3c\xb2\xa1");
    big_ = big_pcap;
    if (big_pcap || little_pcap) {
      read_packets();
    } else if (number(rest_, 0, 4) == kSectionHeader) {
      read_blocks();
    } else {
      end_.trouble = "neither pcap nor pcapng";
    }
    return std::move(end_);
  }

 private:
  /// In the file's order of bytes; 0 beyond the end.
  std::uint32_t number(std::string_view text, std::size_t at, std::size_t size) const {
    if (at + size > text.size()) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8U | static_cast<unsigned char>(text[at + (big_ ? i : size - 1 - i)]);
    return value;
  }
  /// The next `size` bytes; empty at the file's end, which is trouble if it comes within them.
  std::string_view next(std::size_t size) {
    if (size > rest_.size()) {
      if (!rest_.empty()) end_.trouble = "it ends within a packet";
      rest_ = {};
      return {};
    }
    const std::string_view found = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return found;
  }
  void on_packet(unsigned link, std::string_view frame) {
    if (link == kEthernetLink) return take_(frame);
    const std::optional<std::size_t> header = header_size(link, frame);
    if (header) take_(as_ethernet(*header, frame));
    if (!header) end_.links_not_read.insert(link);
  }

  void read_packets() {
    const unsigned link = number(next(24), 20, 2);
    while (!rest_.empty()) {
      const std::size_t size = number(next(16), 8, 4);
      const std::string_view frame = next(size);
      if (end_.trouble.empty()) on_packet(link, frame);
    }
  }

  void read_blocks() {
    while (!rest_.empty()) {
      const bool begins = number(rest_, 0, 4) == kSectionHeader;
      // Every section has its own order of bytes, and interfaces.
      if (begins) big_ = rest_.substr(0, 12).ends_with("\x1a\x2b\x3c\x4d");
      if (begins) links_.clear();
      const std::uint32_t type = number(rest_, 0, 4);
      const std::uint32_t size = number(rest_, 4, 4);
      if (size < 12) {
        end_.trouble = "a block without a size";
        return;
      }
      read_block(type, next(size));
    }
  }
  void read_block(std::uint32_t type, std::string_view block) {
    if (block.empty()) return;
    const std::string_view data = block.substr(std::min<std::size_t>(block.size(), 28));
    if (type == kInterface) links_.push_back(number(block, 8, 2));
    if (type == kPacket) on_packet_of(number(block, 8, 4), number(block, 20, 4), data);
    if (type == kOldPacket) on_packet_of(number(block, 8, 2), number(block, 20, 4), data);
    if (type == kSimplePacket) end_.trouble = "a block without a capture's length, which no recording has";
  }
  void on_packet_of(std::size_t interface, std::size_t size, std::string_view data) {
    if (interface >= links_.size()) {
      end_.trouble = "a packet of an interface that is not described";
      return;
    }
    on_packet(links_[interface], data.substr(0, size));
  }

  std::string_view rest_;
  const std::function<void(std::string_view)>& take_;
  bool big_ = false;
  std::vector<unsigned> links_;  // of the section's interfaces
  CaptureEnd end_;
};

}  // namespace

CaptureEnd read_capture(const std::filesystem::path& file,
                        const std::function<void(std::string_view frame)>& take) {
  const std::optional<std::string> text = contents(file);
  if (!text) return {.links_not_read = {}, .trouble = "it cannot be read"};
  return CaptureReader(*text, take).read();
}

}  // namespace limpid::testing
