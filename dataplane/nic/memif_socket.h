// What is at the path of a memif's socket. Any thread.
#pragma once

#include <string>

namespace limpid::nic {

/// Removes the socket of a server that has ended without doing so: bind(2) fails where there is one, though
/// nobody may be listening. Empty where the way is clear; else a sentence: somebody listens, it is no socket,
/// or it cannot be removed. Waits up to a second for one who listens.
std::string clear_way_of_server(const std::string& path);

/// Whether somebody listens there, and has room for one who connects. Waits for a tenth of a second at most.
bool takes_connections(const std::string& path);

}  // namespace limpid::nic
