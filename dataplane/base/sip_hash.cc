#include "dataplane/base/sip_hash.h"

#include <bit>
#include <cstddef>

namespace limpid {

namespace {

constexpr std::size_t kWord = 8;
constexpr int kRoundsPerWord = 2;
constexpr int kRoundsAtTheEnd = 4;

class State {
 public:
  // The constants are the letters of "somepseudorandomlygeneratedbytes".
  explicit State(const SipKey& key)
      : v0_(key.low ^ 0x736f6d6570736575ULL),
        v1_(key.high ^ 0x646f72616e646f6dULL),
        v2_(key.low ^ 0x6c7967656e657261ULL),
        v3_(key.high ^ 0x7465646279746573ULL) {}

  void take(std::uint64_t word) {
    v3_ ^= word;
    rounds(kRoundsPerWord);
    v0_ ^= word;
  }
  std::uint64_t end() {
    v2_ ^= 0xffU;
    rounds(kRoundsAtTheEnd);
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0_ += v1_;
      v2_ += v3_;
      v1_ = std::rotl(v1_, 13) ^ v0_;
      v3_ = std::rotl(v3_, 16) ^ v2_;
      v0_ = std::rotl(v0_, 32) + v3_;
      v2_ += v1_;
      v3_ = std::rotl(v3_, 21) ^ v0_;
      v1_ = std::rotl(v1_, 17) ^ v2_;
      v2_ = std::rotl(v2_, 32);
    }
  }

  std::uint64_t v0_;
  std::uint64_t v1_;
  std::uint64_t v2_;
  std::uint64_t v3_;
};

/// Least significant byte first, whatever the machine's order; what is missing is 0.
std::uint64_t word_of(Bytes bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) word |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return word;
}

}  // namespace

std::uint64_t sip_hash(Bytes bytes, const SipKey& key) {
  State state(key);
  const std::size_t whole = bytes.size() / kWord * kWord;
  for (std::size_t at = 0; at < whole; at += kWord) state.take(word_of(bytes.subspan(at, kWord)));
  // The last word: the rest, and the length in its highest byte.
  state.take(word_of(bytes.subspan(whole)) | std::uint64_t{bytes.size()} << 56U);
  return state.end();
}

}  // namespace limpid
