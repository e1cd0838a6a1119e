// Any bytes as TCP options: reading never fails badly, and what is written of what was read reads the same.
#include <array>
#include <cstdlib>

#include "dataplane/wire/tcp_options.h"

namespace {

void require(bool claim) {
  if (!claim) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace limpid;  // NOLINT(google-build-using-namespace)
  if (size > wire::kTcpOptionsMax) return 0;
  const auto options = wire::parse_tcp_options({reinterpret_cast<const std::byte*>(data), size});
  if (!options) return 0;
  require(options->sack_blocks <= options->sack.size());

  std::array<std::byte, wire::kTcpOptionsMax> written{};
  const std::size_t written_size = wire::write_tcp_options(*options, written);
  require(written_size <= written.size() && written_size % 4 == 0);
  const auto again = wire::parse_tcp_options(Bytes{written}.first(written_size));
  require(again.has_value());
  require(again->mss == options->mss && again->window_scale == options->window_scale);
  require(again->timestamps == options->timestamps && again->sack_permitted == options->sack_permitted);
  require(again->sack_blocks <= options->sack_blocks);
  for (std::size_t i = 0; i < again->sack_blocks; ++i) require(again->sack[i] == options->sack[i]);
  require(!again->unknown && !again->fast_open && !again->multipath && !again->signature);
  return 0;
}
