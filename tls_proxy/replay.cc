#include "tls_proxy/replay.h"

#include <algorithm>

namespace limpid::tls {

TlsEngine::ReadResult Replay::Leg::read(MutableBytes into) {
  if (stream_.failure() != Reason::none) return {Read::kBroken, 0};
  if (replay_.over() || replay_.prelude_.turns[replay_.turn_].from != speaks_) return {Read::kWait, 0};
  const Bytes rest = as_bytes(replay_.prelude_.turns[replay_.turn_].bytes).subspan(replay_.said_);
  if (rest.empty()) return {Read::kWait, 0};
  const std::size_t size = std::min(rest.size(), into.size());
  std::copy_n(rest.begin(), size, into.begin());
  replay_.said_ += size;
  return {Read::kBytes, size};
}

bool Replay::Leg::write(Bytes bytes) {
  const bool expected = !replay_.over() && replay_.prelude_.turns[replay_.turn_].from != speaks_;
  const Bytes rest =
      expected ? as_bytes(replay_.prelude_.turns[replay_.turn_].bytes).subspan(replay_.came_out_) : Bytes();
  const bool same = bytes.size() <= rest.size() && std::equal(bytes.begin(), bytes.end(), rest.begin());
  if (!same) {
    replay_.altered_ = true;
    return true;
  }
  replay_.came_out_ += bytes.size();
  if (bytes.size() < rest.size()) return true;
  ++replay_.turn_;
  replay_.said_ = 0;
  replay_.came_out_ = 0;
  return true;
}

}  // namespace limpid::tls
