// Backend: what the control socket asks of the running appliance. appliance.cc implements it. Thread: the
// control thread, which it may hold for some milliseconds; a filter over a million flows for longer, in which
// records are still taken in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/reports.h"
#include "dataplane/base/result.h"

namespace limpid::control {

inline constexpr std::uint32_t kRowsDefault = 1'000;
inline constexpr std::uint32_t kRowsMax = 20'000;

struct SessionQuery {
  std::string host{};   // part of the SNI, or of the subject or a name of the certificate; empty: all
  std::string state{};  // beginning of "Na:Nb:Ta:Tb", in upper case; empty: all
  bool all = false;     // also forwarded flows, and sessions that have finished lately
  bool failed = false;  // those alone that failed, and have finished lately or are about to
  std::uint32_t limit = kRowsDefault;

  bool wants_finished() const { return all || failed; }
  /// Does a row belong to the answer? (`limit` is the asker's affair.)
  bool matches(const SessionRow& row) const;
};

struct CertificateQuery {
  std::string host{};                            // part of SNI, subject, a name or the server's address
  std::optional<std::uint32_t> expiring_days{};  // not after: within so many days, or past
  std::uint32_t limit = kRowsDefault;
};

inline constexpr std::uint32_t kCapturedMax = 1'000;
inline constexpr std::uint32_t kCaptureSecondsMax = 86'400;

/// Whose handshakes are recorded, and until when.
struct CaptureQuery {
  std::string host{};    // part of the SNI, or of the proxy's target; empty: any, or none
  std::string client{};  // address or prefix; empty: any
  std::string server{};  // the same, with a port or not
  bool failed = false;   // only sessions that fail
  bool secrets = false;  // with what decrypts them
  std::uint32_t count = 10;
  std::uint32_t seconds = 60;
};

struct LearntQuery {
  std::string host{};   // part of the server's name or address
  std::string state{};  // one of LearntRow's; empty: all
  std::uint32_t limit = kRowsDefault;

  /// As with sessions.
  bool matches(const LearntRow& row) const;
};

enum class LearntVerdict : std::uint8_t { kAccept, kForget };

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::vector<SessionRow> sessions(const SessionQuery& query) = 0;
  virtual std::vector<CertificateRow> certificates(const CertificateQuery& query) = 0;
  virtual Stats stats() = 0;
  /// Takes an inline tool out of service, or back. The error is a sentence.
  virtual Result<ServiceChange, std::string> set_service(const std::string& tool, bool in_service) = 0;
  /// Begins to record. The error is a sentence.
  virtual Result<CaptureProgress, std::string> capture(const CaptureQuery& query) = 0;
  /// What it has recorded since it was asked last; `stop`: and no more.
  virtual Result<CaptureProgress, std::string> captured(std::uint64_t number, bool stop) = 0;
  virtual std::vector<LearntRow> learnt(const LearntQuery& query) = 0;
  /// The operator's word on what was learnt. The row as it was with its new state, or a sentence.
  virtual Result<LearntRow, std::string> judge_learnt(const std::string& id, LearntVerdict verdict) = 0;
  virtual Version version() = 0;
};

}  // namespace limpid::control
