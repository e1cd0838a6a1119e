// Frames whose TCP or UDP checksum was left to a device: between two interfaces of one machine (veth, a
// virtual machine's) there is none, and the field still holds the pseudo-header's sum. Pure.
#pragma once

#include "dataplane/base/bytes.h"

namespace limpid::nic {

/// Completes the checksum as the device would have. False, and nothing changed, for what is neither TCP nor
/// UDP over IP, and for fragments.
bool finish_checksum(MutableBytes frame);

}  // namespace limpid::nic
