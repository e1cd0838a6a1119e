// How often what a tool has not let through is shown to it again while a way through it is opened: a SYN of
// limpid's own (ToolEnd), or a frame that it is shown (PacketPath). Sooner than an end would repeat it (RFC
// 6298 §2.1: 1 s), as the wires to a tool are short.
#pragma once

#include <chrono>

#include "dataplane/base/clock.h"

namespace limpid::tool {

inline constexpr Duration kRepeat = std::chrono::milliseconds(200);  // and twice as long each time
inline constexpr Duration kRepeatMax = std::chrono::milliseconds(1'600);

}  // namespace limpid::tool
