// ListFetcher: fetches revocation lists ahead, before anybody needs them, and again at half of the time that
// each is good for. Bounded in their number and in what they hold. want() and take_changes() are the control
// thread's; fetch_due() is for a thread of its own, as fetching blocks.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "tls_proxy/certificate/list_sources.h"

namespace limpid::control {

class ListFetcher {
 public:
  static constexpr std::size_t kSourcesMax = 512;
  static constexpr std::size_t kBytesMax = std::size_t{64} << 20U;  // of all lists together
  static constexpr std::chrono::seconds kAgainAtMost = std::chrono::hours(24);
  static constexpr std::chrono::seconds kAgainAtLeast = std::chrono::minutes(10);  // and after a failure

  /// The body behind a URL, or a sentence.
  using Get = std::function<Result<std::string, std::string>(const std::string& url)>;

  /// The clock outlives the fetcher.
  ListFetcher(Get get, const Clock& clock) : get_(std::move(get)), clock_(clock) {}

  /// Where there are too many, the one that nobody has wanted for longest makes room.
  void want(std::vector<certificate::ListSource> sources);
  /// Fetches what is due, one after the other, until there is nothing or `stop` says so.
  void fetch_due(const std::function<bool()>& stop);

  struct Changes {
    std::optional<std::vector<openssl::CrlPtr>> lists;  // all there are, where one is new
    std::vector<std::string> failures;  // of sources that worked before, or never did, in words
  };
  /// Since the last time.
  Changes take_changes();

 private:
  struct Source {
    openssl::X509Ptr issuer;
    openssl::CrlPtr list;  // null: none was fetched yet
    std::size_t bytes = 0;
    Instant due;
    Instant wanted;       // the last time
    bool failed = false;  // at the last attempt
  };
  struct Due {
    std::string url;
    openssl::X509Ptr issuer;
  };

  void forget_the_longest_unwanted();
  std::optional<Due> next_due();
  void take_in(const Due& due, const Result<std::string, std::string>& body);
  Instant due_again(const X509_CRL* list) const;

  Get get_;
  const Clock& clock_;
  std::mutex lock_;  // of everything below; never held while fetching
  std::map<std::string, Source> sources_;
  std::size_t bytes_ = 0;
  std::vector<std::string> failures_;
  bool changed_ = false;
};

}  // namespace limpid::control
