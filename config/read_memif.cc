// The keys of a port that is shared memory: memif, role, id.
#include <algorithm>

#include "config/sections.h"

namespace limpid::config {

namespace {

/// DPDK's drivers are given their settings as one text, in which these separate.
bool separates(char c) {
  return std::string_view(",=[]").find(c) != std::string_view::npos || static_cast<unsigned char>(c) < ' ' ||
         c == 0x7f;
}

/// A program that listens at a socket cannot be its client as well: it would be connected to itself.
void check_role(const Value& socket, const Memif& memif, Reading& reading) {
  const auto [user, fresh] =
      reading.memif_sockets.try_emplace(memif.socket, Reading::MemifUser{memif.role, socket.path()});
  if (fresh || user->second.role == memif.role) return;
  socket.error(in_quotes(memif.socket) + " has the role " + std::string(name(user->second.role)) + " in " +
                   user->second.path,
               "one role for all ids of a socket");
}

}  // namespace

void read_memif(Section& section, const Value& socket, Port& port, Reading& reading) {
  constexpr std::uint64_t kIdMost = UINT32_MAX;
  Memif& memif = port.memif.emplace();
  if (const auto role = section.take("role")) {
    const auto word = role->one_of("a memif's role", {"server", "client"});
    if (word) memif.role = *word == 0 ? MemifRole::kServer : MemifRole::kClient;
  }
  if (const auto id = section.take("id")) {
    const auto number = id->number("the memif's number at its socket", 0, kIdMost);
    if (number) memif.id = static_cast<std::uint32_t>(*number);
  }
  auto path = reading.files.socket(socket);
  if (!path) return;
  if (std::any_of(path->begin(), path->end(), separates)) {
    return socket.error(in_quotes(*path) + " cannot be a memif's socket",
                        "a path without commas, equals signs and brackets");
  }
  memif.socket = std::move(*path);
  claim(socket, memif.id == 0 ? memif.socket : memif.socket + "#" + std::to_string(memif.id), reading);
  check_role(socket, memif, reading);
}

}  // namespace limpid::config
