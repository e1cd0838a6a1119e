#include "control/passphrase.h"

#include <cstdlib>
#include <fstream>

namespace limpid::control {

Result<std::string, std::string> read_passphrase(const config::PassphraseSource& source) {
  if (!source.env.empty()) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this process changes the environment
    const char* value = std::getenv(source.env.c_str());
    if (value != nullptr && *value != '\0') return std::string(value);
    return Failure{"the environment variable " + source.env + " is not set"};
  }
  std::ifstream file(source.file);
  std::string line;
  if (!std::getline(file, line)) return Failure{source.file + ": cannot be read, or is empty"};
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return Failure{source.file + ": its first line is empty"};
  return line;
}

}  // namespace limpid::control
