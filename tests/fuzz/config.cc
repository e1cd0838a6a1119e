// Any bytes as a configuration file: no crash, no exception, bounded time, and what loads can be shown and
// loaded again as the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "config/effective.h"
#include "config/load.h"
#include "dataplane/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace limpid::config;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const LoadOptions look_at_nothing{.check_files = false};
  auto loaded = load_text(text, "/etc/limpid/fuzz.yaml", look_at_nothing);
  if (!loaded) {
    LIMPID_CHECK(!loaded.error().empty(), "a failure without an error");
    LIMPID_CHECK(!limpid::config::text(loaded.error()).empty() && !json(loaded.error()).empty(), "no words");
    return 0;
  }
  loaded->warnings.clear();
  auto again = load_text(render_effective(*loaded), "/etc/limpid/fuzz.yaml", look_at_nothing);
  LIMPID_CHECK(again.ok(), "the effective configuration does not load");
  again->warnings.clear();
  LIMPID_CHECK(*again == *loaded, "the effective configuration is another one");
  return 0;
}
