#include "tests/simulation/application.h"

#include <algorithm>
#include <string>
#include <vector>

namespace limpid::simulation {

void Application::begin(Instant now) {
  start_ = write_at_ = now;
  read_at_ = now + model_.read_after;
}

std::optional<Complaint> Application::run(tcp::ByteStream& stream, Instant now) {
  if (aborted_ || start_ == kNever) return std::nullopt;
  if (model_.abort_after && now >= start_ + *model_.abort_after) {
    aborted_ = true;
    stream.abort();
    return std::nullopt;
  }
  failed_ = stream.failure() != Reason::none;
  if (!failed_) write(stream, now);
  return read(stream, now);
}

void Application::write(tcp::ByteStream& stream, Instant now) {
  if (!may_speak_) return;
  while (written_ < model_.bytes && now >= write_at_) {
    const std::size_t credit = stream.credit();
    waits_for_credit_ = credit == 0;
    if (waits_for_credit_) return;
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(model_.burst, model_.bytes - written_));
    std::vector<std::byte> bytes(size);
    fill_pattern(writes_, written_, bytes);
    const std::size_t taken = stream.write(bytes);
    written_ += taken;
    if (taken < size) {
      waits_for_credit_ = true;
      return;
    }
    write_at_ = now + model_.pause;
  }
  if (written_ == model_.bytes && !finish_called_ && (!model_.finishes_last || saw_end_)) {
    finish_called_ = true;
    stream.finish();
  }
}

std::optional<Complaint> Application::read(tcp::ByteStream& stream, Instant now) {
  has_more_to_read_ = false;
  if (now >= read_at_) {
    std::size_t budget = model_.read_size;
    while (stream.readable() > 0 && budget > 0) {
      const Bytes piece = stream.peek();
      const std::size_t size = std::min(budget, piece.size());
      if (size == 0) return "peek() is empty though bytes are readable";
      const std::size_t same = first_difference(reads_, read_, piece.first(size));
      if (same < size) return "wrong byte at offset " + std::to_string(read_ + same);
      stream.consume(size);
      read_ += size;
      budget -= size;
    }
    if (model_.read_pause > Duration::zero()) read_at_ = now + model_.read_pause;
    has_more_to_read_ = stream.readable() > 0;
  } else {
    has_more_to_read_ = stream.readable() > 0;
  }
  const bool begins_to_speak = !may_speak_ && (read_ > 0 || stream.finished());
  if (begins_to_speak) {
    may_speak_ = true;
    write_at_ = now;
    if (stream.failure() == Reason::none) write(stream, now);
  }
  if (stream.finished()) {
    if (!saw_end_ && model_.finishes_last) write_at_ = std::max(write_at_, now);
    saw_end_ = true;
    if (stream.failure() == Reason::none) write(stream, now);
  }
  return std::nullopt;
}

std::string Application::describe() const {
  return "wrote " + std::to_string(written_) + "/" + std::to_string(model_.bytes) + " read " +
         std::to_string(read_) + (aborted_ ? " aborted" : "") + (saw_end_ ? " saw the end" : "");
}

Instant Application::deadline() const {
  Instant at = kNever;
  if (aborted_ || start_ == kNever) return at;
  if (model_.abort_after) at = start_ + *model_.abort_after;
  if (written_ < model_.bytes && may_speak_ && !waits_for_credit_ && !failed_) at = std::min(at, write_at_);
  if (has_more_to_read_) at = std::min(at, read_at_);
  return at;
}

}  // namespace limpid::simulation
