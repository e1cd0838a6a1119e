#include "tls_proxy/session_record.h"

namespace limpid::tls {

std::string_view name(Decided decided) {
  switch (decided) {
    case Decided::kNothing:
      return {};
    case Decided::kDecrypt:
      return "decrypt";
    case Decided::kPass:
      return "pass";
    case Decided::kBlock:
      return "block";
  }
  return {};
}

}  // namespace limpid::tls
