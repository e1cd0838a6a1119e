// RevocationFolder: revocation lists out of a folder, which whoever fetches them writes into. Read anew when
// a file there has changed. Thread: the control thread's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

class RevocationFolder {
 public:
  static constexpr std::size_t kListsMax = 1'024;
  static constexpr std::uint64_t kListBytesMax = std::uint64_t{4} << 20U;

  explicit RevocationFolder(std::string path) : path_(std::move(path)) {}

  struct Contents {
    std::vector<openssl::CrlPtr> lists;
    std::vector<std::string> refused;  // a sentence for each file that is not among them
  };
  /// Nothing where no file has changed since the last time. Where the folder cannot be read, or a file that
  /// was good has become something else, what was read before stays, and a sentence says so.
  std::optional<Contents> read_if_changed();

 private:
  struct File {
    std::string path;
    std::uint64_t size = 0;
    std::int64_t written = 0;
    friend bool operator==(const File&, const File&) = default;
  };
  std::optional<std::vector<File>> listing() const;
  static Result<openssl::CrlPtr, std::string> read(const File& file);
  Contents as_now(Contents contents) const;
  Contents as_before(std::string why) const;

  std::string path_;
  std::vector<File> read_;
  std::map<std::string, openssl::CrlPtr> good_;  // by path
  bool unreadable_ = false;                      // the last time
  bool ever_read_ = false;
};

}  // namespace limpid::certificate
