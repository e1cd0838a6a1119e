// `limpid check-config FILE`: every error of a configuration at once. Called by the command line with parsed
// arguments; touches nothing but the files that the configuration names.
#pragma once

#include <iosfwd>
#include <string>

namespace limpid::control {

struct CheckConfigArguments {
  std::string file;
  bool effective = false;  // also print the configuration with every default
  bool json = false;
};

/// The exit code: 0 good (warnings allowed), 1 the answer could not be written, 2 it has errors.
int check_config(const CheckConfigArguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace limpid::control
