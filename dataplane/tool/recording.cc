#include "dataplane/tool/recording.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

namespace limpid::tool {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNumberDigits = 5;  // at least
constexpr std::size_t kTimeDigits = 14;   // YYYYMMDDhhmmss

std::string digits(std::uint64_t number, std::size_t at_least) {
  std::string text = std::to_string(number);
  return text.size() < at_least ? text.insert(0, at_least - text.size(), '0') : text;
}

std::string time_digits(WallTime when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(when - day));
  return digits(static_cast<unsigned>(static_cast<int>(date.year())), 4) +
         digits(static_cast<unsigned>(date.month()), 2) + digits(static_cast<unsigned>(date.day()), 2) +
         digits(static_cast<std::uint64_t>(time.hours().count()), 2) +
         digits(static_cast<std::uint64_t>(time.minutes().count()), 2) +
         digits(static_cast<std::uint64_t>(time.seconds().count()), 2);
}

std::string name_of(const fs::path& path, std::uint64_t number, WallTime when) {
  return path.stem().string() + "_" + digits(number, kNumberDigits) + "_" + time_digits(when) +
         path.extension().string();
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The number in a name that name_of() made of `path`; nothing for any other name.
std::optional<std::uint64_t> number_in(std::string_view name, const fs::path& path) {
  const std::string begin = path.stem().string() + "_";
  const std::string end = path.extension().string();
  if (name.size() < begin.size() + kNumberDigits + 1 + kTimeDigits + end.size()) return std::nullopt;
  if (!name.starts_with(begin) || !name.ends_with(end)) return std::nullopt;
  name.remove_prefix(begin.size());
  name.remove_suffix(end.size());
  const std::string_view number = name.substr(0, name.size() - kTimeDigits - 1);
  if (name[number.size()] != '_' || !all_digits(number) || !all_digits(name.substr(number.size() + 1)))
    return std::nullopt;
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

struct Numbered {
  std::uint64_t number = 0;
  fs::path path;
};

/// The oldest first.
std::vector<Numbered> files_of(const fs::path& path) {
  std::vector<Numbered> files;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (const auto number = number_in(at->path().filename().string(), path))
      files.push_back({*number, at->path()});
  }
  std::sort(files.begin(), files.end(),
            [](const Numbered& a, const Numbered& b) { return a.number < b.number; });
  return files;
}

}  // namespace

Result<Recording, std::string> Recording::open(RecordingSettings settings, const Clock& clock, Warn warn) {
  Recording recording(std::move(settings), clock, std::move(warn));
  if (recording.settings_.rotation.wanted()) {
    const std::vector<Numbered> earlier = files_of(recording.settings_.path);
    if (!earlier.empty()) recording.number_ = earlier.back().number;
  }
  if (auto error = recording.open_next(clock.now())) return Failure{std::move(*error)};
  return recording;
}

/// The error is a sentence; the file that was being written is then still there.
std::optional<std::string> Recording::open_next(Instant now) {
  const fs::path base(settings_.path);
  const Rotation& rotation = settings_.rotation;
  const std::string path = rotation.wanted()
                               ? (base.parent_path() / name_of(base, number_ + 1, clock_.wall())).string()
                               : settings_.path;
  Result<PcapngFile, std::string> next =
      PcapngFile::open(path, settings_.interface_name, settings_.retry_after);
  if (!next) return next.error();
  file_.emplace(std::move(next).value());
  path_ = path;
  ++number_;
  packets_ = 0;
  opened_ = now;
  if (rotation.wanted() && rotation.keep != 0) prune(rotation.keep);
  return std::nullopt;
}

bool Recording::append_secrets(Bytes lines, Instant now) {
  rotate_if_due(lines.size(), now);
  secrets_last_ = file_->append_secrets(lines, now);
  return secrets_last_;
}

bool Recording::append(Bytes frame, WallTime when, Instant now) {
  if (!std::exchange(secrets_last_, false)) rotate_if_due(pcapng::packet_size(frame.size()), now);
  if (!file_->append(frame, when, now)) return false;
  ++packets_;
  return true;
}

void Recording::flush(Instant now) {
  if (!secrets_last_) rotate_if_due(0, now);
  file_->flush(now);
}

/// `size`: of what is to be appended; 0: nothing.
void Recording::rotate_if_due(std::size_t size, Instant now) {
  // A file without a packet is left as it is, however old: rows of empty files help nobody.
  if (packets_ == 0 || now < rotate_at_) return;
  const Rotation& rotation = settings_.rotation;
  const bool large = rotation.size != 0 && size != 0 && file_->size() + size > rotation.size;
  const bool old = rotation.every != Duration::zero() && now - opened_ >= rotation.every;
  if ((large || old) && !rotated(now)) rotate_at_ = now + settings_.retry_after;
}

bool Recording::rotated(Instant now) {
  // The oldest goes first: on a full disk that is what makes room for the rest.
  const std::uint32_t keep = settings_.rotation.keep;
  if (keep != 0) prune(std::max(keep, 2U) - 1);
  file_->flush(now);
  if (file_->waiting()) return false;  // it would not be complete
  const std::optional<std::string> error = open_next(now);
  if (error && !warned_) warn_(*error + "; the recording goes on in " + path_);
  warned_ = error.has_value();
  return !error;
}

/// Never removes what is being written.
void Recording::prune(std::size_t files_max) const {
  std::vector<Numbered> files = files_of(settings_.path);
  std::size_t left = files.size();
  for (const Numbered& file : files) {
    if (left <= files_max || file.number == number_) return;
    std::error_code error;
    if (fs::remove(file.path, error)) --left;
  }
}

}  // namespace limpid::tool
