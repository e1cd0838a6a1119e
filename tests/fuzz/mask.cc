// Any bytes as a stream that is masked, however it is cut: as many bytes come out as went in, each as it was
// or masked, line breaks as they were; the same as of the stream in one piece; no card number that a plain
// search finds is left, and nothing of the word that is a secret.
#include <algorithm>
#include <string>

#include "dataplane/base/bytes.h"
#include "dataplane/tool/stream_mask.h"
#include "tests/fuzz/require.h"
#include "tests/unit/dataplane/tool/word_scanner.h"

namespace limpid::tool {
namespace {

constexpr std::string_view kWord = "secret";

Masking masking(unsigned choice) {
  Masking made;
  if ((choice & 1U) != 0) made.headers = {"cookie", "a"};
  made.card_numbers = (choice & 2U) != 0;
  if ((choice & 4U) != 0) made.scanner = std::make_unique<WordScanner>(std::string(kWord));
  return made;
}

std::string masked(const Masking& what, std::string_view text, unsigned cut) {
  StreamMask mask(what);
  std::vector<std::byte> out;
  std::size_t at = 0;
  for (unsigned step = cut; at < text.size(); step = step * 31 + 7) {
    const std::size_t piece = cut == 0 ? text.size() : 1 + step % cut;
    mask.take(as_bytes(text.substr(at, piece)), out);
    at += std::min(piece, text.size() - at);
    require(out.size() <= at && at - out.size() <= CardMask::kBytesMax, "little is held back");
  }
  mask.finish(out);
  return std::string(as_text(out));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The digits of one number that begins and ends here, or none.
std::string number_at(std::string_view text, std::size_t begin, std::size_t end) {
  std::string digits;
  for (std::size_t i = begin; i < end; ++i) {
    const bool separator = (text[i] == ' ' || text[i] == '-') && is_digit(text[i - 1]);
    if (is_digit(text[i])) digits += text[i];
    if (!is_digit(text[i]) && !separator) return "";
  }
  return digits;
}

bool has_right_check_digit(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const int value = digits[digits.size() - 1 - i] - '0';
    sum += i % 2 == 0 ? value : value * 2 / 10 + value * 2 % 10;
  }
  return sum % 10 == 0;
}

void check_cards(std::string_view text, std::string_view out) {
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    if (!is_digit(text[begin]) || (begin > 0 && is_digit(text[begin - 1]))) continue;
    const std::size_t most = std::min(text.size(), begin + CardMask::kBytesMax);
    for (std::size_t end = begin + CardMask::kDigitsMin; end <= most; ++end) {
      if (!is_digit(text[end - 1]) || (end < text.size() && is_digit(text[end]))) continue;
      const std::string digits = number_at(text, begin, end);
      if (digits.size() < CardMask::kDigitsMin || digits.size() > CardMask::kDigitsMax) continue;
      if (!has_right_check_digit(digits)) continue;
      for (std::size_t i = begin; i < end; ++i) require(!is_digit(out[i]), "no card number is shown");
    }
  }
}

void play(Bytes input) {
  ByteReader reader(input);
  const unsigned choice = reader.u8();
  const unsigned cut = reader.u8();
  const std::string_view text = as_text(reader.rest());
  const Masking what = masking(choice);
  const std::string whole = masked(what, text, 0);
  require(whole == masked(what, text, 1 + cut), "the cuts make no difference");
  require(whole.size() == text.size(), "lengths stay");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_break = text[i] == '\r' || text[i] == '\n';
    require(whole[i] == text[i] || (whole[i] == 'x' && (!is_break || !what.headers.empty())),
            "a byte is shown or masked");
  }
  if (what.card_numbers) check_cards(text, whole);
  if (what.scanner) require(whole.find(kWord) == std::string::npos, "no secret is shown");
}

}  // namespace
}  // namespace limpid::tool

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2 && size < 2'048) limpid::tool::play({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
