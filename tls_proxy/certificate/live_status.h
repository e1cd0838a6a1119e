// LiveStatus: what OCSP responders say, asked when a session needs to know and kept as long as it is good
// for. Workers ask and never wait here; whoever may block takes the questions and brings the answers. Shared
// by all of them: any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "tls_proxy/certificate/lru_cache.h"

namespace limpid::certificate {

class LiveStatus {
 public:
  static constexpr std::size_t kKnownMax = 8'192;
  static constexpr std::size_t kKnownBytesMax = std::size_t{16} << 20U;
  static constexpr std::size_t kWaitingMax = 256;  // questions that nobody has taken yet
  /// So long nobody is asked again what was not answered as it should be, and a responder that is silent is
  /// asked nothing.
  static constexpr Duration kAskAgainAfter = std::chrono::minutes(1);
  static constexpr std::size_t kRespondersMax = 1'024;  // that are known not to answer
  static constexpr std::size_t kAtOnce = 2;  // questions to one responder: others wait for nobody else
  /// An answer is asked for anew then, however long it says that it is good for.
  static constexpr Duration kKeptMax = std::chrono::hours(12);

  /// The clock outlives it.
  explicit LiveStatus(const Clock& clock)
      : clock_(clock), known_(kKnownMax, kKnownBytesMax), silent_(kRespondersMax) {}

  struct Answer {
    enum class What : std::uint8_t {
      kKnown,    // `response` is what the responder says, signed by nobody knows whom
      kAwaited,  // it has been asked
      kNone,     // it has not answered, or too many are asked
    };
    What what = What::kNone;
    std::string response{};  // DER
  };
  /// `question`: of status_question(). Who asks first has it asked.
  Answer ask(const std::string& question);
  /// The answer was about something else, or not its issuer's.
  void refuse(const std::string& question);

  /// A question to be put, once there is one; nothing: it is to stop. Blocks.
  std::optional<std::string> next(const std::stop_token& stop);
  /// Why no body came. What only this question is answered with says nothing about the next.
  enum class None : std::uint8_t {
    kSilence,  // the responder cannot be reached, or says nothing in time
    kRefusal,  // it says something else, as "404", or breaks off
  };
  using Body = Result<std::string, None>;
  /// False: what came says nothing that is of use.
  bool answer(const std::string& question, const Body& body);

 private:
  struct Known {
    std::string response;  // empty: none
    WallTime until{};      // exclusive; of the response
    Instant again{};       // before that it is not asked for
    bool awaited = false;
  };
  using Cache = LruCache<std::string, Known, std::hash<std::string>>;

  void fail(const std::string& question);
  bool is_silent(const std::string& responder);
  std::optional<std::string> take();

  const Clock& clock_;
  std::mutex lock_;  // of everything below
  std::condition_variable_any asked_;
  Cache known_;
  std::deque<std::string> waiting_;
  std::unordered_map<std::string, std::size_t> asked_at_once_;  // by responder: questions that are being put
  LruCache<std::string, Instant, std::hash<std::string>> silent_;  // responders, until then
};

}  // namespace limpid::certificate
