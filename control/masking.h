// What a configuration wants masked, made for the mirrors: here patterns (policy) meet copies
// (dataplane/tool), which know nothing of each other.
#pragma once

#include <memory>
#include <string>

#include "config/configuration.h"
#include "dataplane/base/result.h"
#include "dataplane/tool/masking.h"
#include "policy/secret_patterns.h"

namespace limpid::control {

/// Makes a Masking for each thread that needs one; they share the patterns. Any thread.
class MaskMaker {
 public:
  /// The error is a sentence.
  static Result<MaskMaker, std::string> compile(const config::Mask& mask);

  /// Null where nothing is to be masked.
  std::unique_ptr<tool::Masking> make() const;

 private:
  config::Mask mask_;
  std::shared_ptr<const policy::SecretPatterns> patterns_;
};

}  // namespace limpid::control
