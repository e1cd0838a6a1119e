#include "tls_proxy/certificate/revocation_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tls_proxy/certificate/revocation_lists.h"

namespace limpid::certificate {

namespace {

namespace fs = std::filesystem;

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::vector<RevocationFolder::File> RevocationFolder::listing() const {
  std::vector<File> files;
  std::error_code error;
  for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;  // in the meantime
    if (!at->is_regular_file(gone)) continue;
    File file{at->path().string(), at->file_size(gone), at->last_write_time(gone).time_since_epoch().count()};
    if (!gone) files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return files;
}

std::optional<RevocationFolder::Contents> RevocationFolder::read_if_changed() {
  std::vector<File> now = listing();
  if (ever_read_ && now == read_) return std::nullopt;
  ever_read_ = true;
  read_ = std::move(now);
  Contents contents;
  const auto refuse = [&](const File& file, const std::string& why) {
    contents.refused.push_back(file.path + ": " + why);
  };
  for (const File& file : read_) {
    if (contents.lists.size() >= kListsMax) {
      refuse(file, "there are more than " + std::to_string(kListsMax) + " revocation lists");
      break;
    }
    if (file.size > kListBytesMax) {
      refuse(file, "is larger than " + std::to_string(kListBytesMax >> 20U) + " MiB");
      continue;
    }
    openssl::CrlPtr list = read_revocation_list(contents_of(file.path));
    if (!list) {
      refuse(file, "is no revocation list");
    } else if (const auto why = RevocationLists::refusal_of(*list)) {
      refuse(file, *why);
    } else {
      contents.lists.push_back(std::move(list));
    }
  }
  return contents;
}

}  // namespace limpid::certificate
