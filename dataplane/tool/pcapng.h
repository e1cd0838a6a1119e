// The pcapng blocks that a recorder needs (draft-ietf-opsawg-pcapng): section header, interface description,
// enhanced packet, decryption secrets. Appends whole blocks, in little-endian byte order, to a byte vector.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"

namespace limpid::tool::pcapng {

inline constexpr std::uint32_t kSectionHeader = 0x0A0D0D0A;
inline constexpr std::uint32_t kInterfaceDescription = 1;
inline constexpr std::uint32_t kEnhancedPacket = 6;
inline constexpr std::uint32_t kDecryptionSecrets = 10;
inline constexpr std::uint32_t kByteOrderMagic = 0x1A2B3C4D;

using Buffer = std::vector<std::byte>;

/// A section of unknown length (4.1). Interfaces are counted from 0 anew in each section.
void append_section(Buffer& to, std::string_view application);
/// An Ethernet interface whose times are in nanoseconds (4.2, if_tsresol 9).
void append_interface(Buffer& to, std::string_view name);
/// One frame (4.3), with a comment where there is one. `when` is not before 1970.
void append_packet(Buffer& to, std::uint32_t interface, WallTime when, Bytes frame,
                   std::string_view comment = {});
/// A TLS key log (4.7). Readers want it before the packets that it opens.
void append_secrets(Buffer& to, Bytes lines);
/// Bytes that append_packet() appends for a frame without a comment.
std::size_t packet_size(std::size_t frame_size);

}  // namespace limpid::tool::pcapng
