#include "policy/rule.h"

namespace limpid::policy {

std::string_view name(Action action) {
  switch (action) {
    case Action::kDecrypt:
      return "decrypt";
    case Action::kPass:
      return "pass";
    case Action::kBlock:
      return "block";
  }
  return "";
}

}  // namespace limpid::policy
