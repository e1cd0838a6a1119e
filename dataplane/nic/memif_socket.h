// What is at the path where a memif's server wants to have its socket. Start-up only.
#pragma once

#include <string>

namespace limpid::nic {

/// Removes the socket of a server that has ended without doing so: bind(2) fails where there is one, though
/// nobody may be listening. Empty where the way is clear; else a sentence: somebody listens, it is no socket,
/// or it cannot be removed. Waits up to a second for one who listens.
std::string clear_way_of_server(const std::string& path);

}  // namespace limpid::nic
