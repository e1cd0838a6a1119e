// EtherTypes (IEEE 802 numbers): what follows an Ethernet header, or a tag.
#pragma once

#include <cstdint>

namespace limpid::wire {

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
inline constexpr std::uint16_t kTagCustomer = 0x8100;  // 802.1Q
inline constexpr std::uint16_t kTagService = 0x88a8;   // 802.1ad
inline constexpr std::uint16_t kTagOldQinq = 0x9100;   // before 802.1ad

}  // namespace limpid::wire
