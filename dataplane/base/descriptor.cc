#include "dataplane/base/descriptor.h"

#include <unistd.h>

namespace limpid {

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

}  // namespace limpid
