// Passphrases of private keys, from where the configuration says that they are. Control thread, at start.
#pragma once

#include <string>

#include "config/configuration.h"
#include "dataplane/base/result.h"

namespace limpid::control {

/// The first line of the file, or the variable's value. The error is a sentence.
Result<std::string, std::string> read_passphrase(const config::PassphraseSource& source);

}  // namespace limpid::control
