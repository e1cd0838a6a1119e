#include "tls_proxy/certificate/revocation_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "tls_proxy/certificate/revocation_lists.h"

namespace limpid::certificate {

namespace {

namespace fs = std::filesystem;

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::optional<std::vector<RevocationFolder::File>> RevocationFolder::listing() const {
  std::vector<File> files;
  std::error_code error;
  for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;  // in the meantime
    if (!at->is_regular_file(gone)) continue;
    File file{at->path().string(), at->file_size(gone), at->last_write_time(gone).time_since_epoch().count()};
    if (!gone) files.push_back(std::move(file));
  }
  if (error) return std::nullopt;
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return files;
}

/// The error is a sentence's end.
Result<openssl::CrlPtr, std::string> RevocationFolder::read(const File& file) {
  if (file.size > kListBytesMax)
    return Failure{"is larger than " + std::to_string(kListBytesMax >> 20U) + " MiB"};
  openssl::CrlPtr list = read_revocation_list(contents_of(file.path));
  if (!list) return Failure{std::string("is no revocation list")};
  if (const auto why = RevocationLists::refusal_of(*list)) return Failure{*why};
  return list;
}

std::optional<RevocationFolder::Contents> RevocationFolder::read_if_changed() {
  std::optional<std::vector<File>> now = listing();
  if (!now && std::exchange(unreadable_, true)) return std::nullopt;
  if (!now) return as_before(path_ + ": the folder cannot be read; what it held stays in force");
  if (ever_read_ && *now == read_ && !unreadable_) return std::nullopt;
  ever_read_ = true;
  unreadable_ = false;
  read_ = std::move(*now);
  std::map<std::string, openssl::CrlPtr> before = std::exchange(good_, {});
  Contents contents;
  for (const File& file : read_) {
    if (good_.size() >= kListsMax) {
      contents.refused.push_back(file.path + ": there are more than " + std::to_string(kListsMax) +
                                 " revocation lists");
      break;
    }
    Result<openssl::CrlPtr, std::string> list = read(file);
    if (list) {
      good_[file.path] = std::move(list).value();
      continue;
    }
    const auto known = before.find(file.path);
    contents.refused.push_back(file.path + ": " + list.error() +
                               (known == before.end() ? "" : "; the one before stays in force"));
    if (known != before.end()) good_[file.path] = std::move(known->second);
  }
  return as_now(std::move(contents));
}

RevocationFolder::Contents RevocationFolder::as_now(Contents contents) const {
  for (const auto& [path, list] : good_) contents.lists.push_back(openssl::share(list.get()));
  return contents;
}

RevocationFolder::Contents RevocationFolder::as_before(std::string why) const {
  Contents contents;
  contents.refused.push_back(std::move(why));
  return as_now(std::move(contents));
}

}  // namespace limpid::certificate
