// Packets that were recorded within a tunnel. limpid looks into none; the recordings of its flows do not stop
// being recordings of TLS for that.
#pragma once

#include <string>
#include <string_view>

namespace limpid::testing {

/// The frame that a frame carries by PPPoE (RFC 2516), Geneve (RFC 8926) or GTP-U (3GPP TS 29.281), as
/// Ethernet would have carried it; otherwise, the frame itself.
std::string innermost(std::string_view frame);

}  // namespace limpid::testing
