// `limpid check-config FILE`: every error of a configuration at once, and of the files that it names: what a
// start would refuse. Called by the command line with parsed arguments; reads files and changes none.
#pragma once

#include <iosfwd>
#include <string>

#include "dataplane/base/clock.h"

namespace limpid::control {

struct CheckConfigArguments {
  std::string file;
  bool effective = false;  // also print the configuration with every default
  bool json = false;
};

/// The exit code: 0 good (warnings allowed), 1 the answer could not be written, 2 it has errors.
/// `now`: certificates have to be valid then.
int check_config(const CheckConfigArguments& arguments, WallTime now, std::ostream& out, std::ostream& err);

}  // namespace limpid::control
