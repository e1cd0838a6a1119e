// The two ports of an inline tool, as limpid names them.
#pragma once

#include <cstdint>

namespace limpid::tool {

enum class ToolSide : std::uint8_t { kA, kB };

inline ToolSide other(ToolSide side) { return side == ToolSide::kA ? ToolSide::kB : ToolSide::kA; }

}  // namespace limpid::tool
