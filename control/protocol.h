// The control protocol: one JSON object a line, a request and its answer in turn.
//   {"version":1,"request":"sessions","host":"shop","state":"EST","all":true,"failed":true,"limit":100}
//   {"version":1,"request":"certificates","host":"shop","expiring_days":30,"limit":100}
//   {"version":1,"request":"service","tool":"ips","in_service":false}
//   {"version":1,"request":"capture","host":"shop","failed":true,"count":10,"seconds":60}
//   {"version":1,"request":"captured","capture":1,"stop":true}
//   {"version":1,"request":"learnt","host":"shop","state":"bypass","limit":100}
//   {"version":1,"request":"judge_learnt","id":"0123456789ab","verdict":"accept"}
//   {"version":1,"request":"stats"}     {"version":1,"request":"version"}
//   {"version":1,"ok":true,"result":…}  {"version":1,"ok":false,"error":"a sentence"}
// Fields may be added within a version; who reads ignores those that it does not know in an answer, and
// refuses them in a request. Pure functions; whatever a peer sends is an ordinary case.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/backend.h"
#include "control/reports.h"
#include "dataplane/base/result.h"

namespace limpid::control {

inline constexpr int kProtocolVersion = 1;

// --- the appliance's end; every text is a line with its line break ---
std::string answer(std::string_view request_line, Backend& backend);
std::string refusal(std::string_view sentence);

// --- the command line's end ---
std::string request(const SessionQuery& query);
std::string request(const CertificateQuery& query);
std::string service_request(const std::string& tool, bool in_service);
std::string request(const CaptureQuery& query);
std::string captured_request(std::uint64_t capture, bool stop);
std::string request(const LearntQuery& query);
std::string learnt_request(const std::string& id, LearntVerdict verdict);
std::string stats_request();
std::string version_request();

/// The error is the appliance's sentence, or says that the answer cannot be understood.
Result<std::vector<SessionRow>, std::string> read_sessions(std::string_view answer_line);
Result<std::vector<CertificateRow>, std::string> read_certificates_answer(std::string_view answer_line);
Result<Stats, std::string> read_stats(std::string_view answer_line);
Result<ServiceChange, std::string> read_service(std::string_view answer_line);
Result<CaptureProgress, std::string> read_capture(std::string_view answer_line);
Result<std::vector<LearntRow>, std::string> read_learnt(std::string_view answer_line);
Result<LearntRow, std::string> read_judged_learnt(std::string_view answer_line);
Result<Version, std::string> read_version(std::string_view answer_line);

// --- JSON for machines, as `--json` prints it: indented, with a line break at the end ---
std::string sessions_json(const std::vector<SessionRow>& rows);
std::string certificates_json(const std::vector<CertificateRow>& rows);
std::string stats_json(const Stats& stats);
std::string tools_json(const Stats& stats);
std::string service_json(const ServiceChange& change);
std::string capture_json(const CaptureProgress& capture, const std::string& file);
std::string learnt_json(const std::vector<LearntRow>& rows);
std::string learnt_json(const LearntRow& row);
std::string version_json(const Version& version);

}  // namespace limpid::control
