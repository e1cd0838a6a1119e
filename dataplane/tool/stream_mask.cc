#include "dataplane/tool/stream_mask.h"

#include <algorithm>

namespace limpid::tool {

namespace {

constexpr std::byte kMasked{'x'};
constexpr std::size_t kIdleBytes = 4'096;  // more is not kept for nothing

bool is_break(std::byte byte) { return byte == std::byte{'\n'} || byte == std::byte{'\r'}; }

}  // namespace

StreamMask::StreamMask(const Masking& masking) : masking_(masking) {
  if (!masking.headers.empty()) headers_.emplace(masking.headers);
  if (masking.card_numbers) cards_.emplace();
  if (masking.scanner) patterns_ = masking.scanner->open();
}

void StreamMask::take(Bytes bytes, Buffer& out) {
  const std::uint64_t offset = end();
  held_.insert(held_.end(), bytes.begin(), bytes.end());
  note_breaks(bytes);
  if (headers_) headers_->mask(bytes, MutableBytes{held_}.last(bytes.size()));
  if (cards_) cards_->take(bytes, offset, [this](std::uint64_t at) { mask_at(at); });
  if (patterns_)
    patterns_->scan(bytes, [this](std::uint64_t from, std::uint64_t to) { mask_match(from, to); });
  mask_blindly(bytes);
  release(decided(), out);
}

void StreamMask::skip(std::uint64_t bytes, Buffer& out) {
  for (std::byte& byte : held_) byte = kMasked;
  release(end(), out);
  begin_ = line_begin_ = scanned_from_ = begin_ + bytes;
  if (headers_) headers_->lose_place();
  if (cards_) cards_.emplace();
  if (patterns_) patterns_ = masking_.scanner->open();
  blind_ = std::max(cards_ ? CardMask::kBytesMax : 0, patterns_ ? masking_.scanner->longest() : 0);
}

void StreamMask::finish(Buffer& out) {
  if (cards_) cards_->finish([this](std::uint64_t at) { mask_at(at); });
  if (patterns_) patterns_->finish([this](std::uint64_t from, std::uint64_t to) { mask_match(from, to); });
  patterns_.reset();
  release(end(), out);
}

void StreamMask::mask_match(std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t at = scanned_from_ + from; at < scanned_from_ + to; ++at) mask_at(at);
}

/// Line breaks stay, so that headers keep their form. What is out is out.
void StreamMask::mask_at(std::uint64_t offset) {
  if (offset < begin_ || offset >= end()) return;
  std::byte& byte = held_[offset - begin_];
  if (!is_break(byte)) byte = kMasked;
}

/// The end of a secret whose beginning was lost is not told as such.
void StreamMask::mask_blindly(Bytes bytes) {
  for (std::size_t i = 0; i < bytes.size() && blind_ > 0; ++i) {
    blind_ = is_break(bytes[i]) ? 0 : blind_ - 1;
    mask_at(end() - bytes.size() + i);
  }
}

void StreamMask::note_breaks(Bytes bytes) {
  const auto last = std::find_if(bytes.rbegin(), bytes.rend(), is_break);
  if (last != bytes.rend()) line_begin_ = end() - static_cast<std::uint64_t>(last - bytes.rbegin());
}

std::uint64_t StreamMask::decided() const {
  std::uint64_t until = end();
  if (patterns_) {
    const std::size_t longest = masking_.scanner->longest();
    const std::uint64_t within = end() > longest ? end() - longest + 1 : 0;
    until = std::max(line_begin_, within);
  }
  if (cards_) until = std::min(until, cards_->undecided().value_or(until));
  return until;
}

void StreamMask::release(std::uint64_t until, Buffer& out) {
  if (until <= begin_) return;
  const auto stop = held_.begin() + static_cast<std::ptrdiff_t>(until - begin_);
  out.insert(out.end(), held_.begin(), stop);
  held_.erase(held_.begin(), stop);
  begin_ = until;
  if (held_.capacity() > kIdleBytes) held_.shrink_to_fit();
}

}  // namespace limpid::tool
