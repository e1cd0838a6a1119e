// The option kinds that limpid knows (IANA "TCP Option Kind Numbers").
#pragma once

#include <cstdint>

namespace limpid::wire::option {

inline constexpr std::uint8_t kEnd = 0;
inline constexpr std::uint8_t kNoOperation = 1;
inline constexpr std::uint8_t kMss = 2;
inline constexpr std::uint8_t kWindowScale = 3;
inline constexpr std::uint8_t kSackPermitted = 4;
inline constexpr std::uint8_t kSack = 5;
inline constexpr std::uint8_t kTimestamps = 8;
inline constexpr std::uint8_t kMd5 = 19;             // RFC 2385
inline constexpr std::uint8_t kAuthentication = 29;  // RFC 5925
inline constexpr std::uint8_t kMultipath = 30;       // RFC 8684
inline constexpr unsigned kMultipathJoin = 1;        // its subtype MP_JOIN
inline constexpr std::uint8_t kFastOpen = 34;        // RFC 7413
inline constexpr std::uint8_t kExperiment254 = 254;  // RFC 6994: followed by a magic number
inline constexpr std::uint16_t kFastOpenMagic = 0xf989;

}  // namespace limpid::wire::option
