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
  std::string host{};   // part of the SNI, in lower case; empty: all
  std::string state{};  // beginning of "Na:Nb:Ta:Tb", in upper case; empty: all
  bool all = false;     // also forwarded flows, and sessions that have finished lately
  std::uint32_t limit = kRowsDefault;

  /// Does a row belong to the answer? (`limit` is the asker's affair.)
  bool matches(const SessionRow& row) const;
};

struct CertificateQuery {
  std::string host{};                            // part of SNI, subject, a name or the server's address
  std::optional<std::uint32_t> expiring_days{};  // not after: within so many days, or past
  std::uint32_t limit = kRowsDefault;
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
  virtual std::vector<LearntRow> learnt(const LearntQuery& query) = 0;
  /// The operator's word on what was learnt. The row as it was with its new state, or a sentence.
  virtual Result<LearntRow, std::string> judge_learnt(const std::string& id, LearntVerdict verdict) = 0;
  virtual Version version() = 0;
};

}  // namespace limpid::control
