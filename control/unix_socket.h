// Unix socket addresses. Any thread.
#pragma once

#include <sys/un.h>

#include <optional>
#include <string>

namespace limpid::control {

/// None where the path is empty or longer than the kernel takes (107 bytes).
std::optional<sockaddr_un> unix_address(const std::string& path);

}  // namespace limpid::control
