#include "control/protocol.h"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "control/rows_json.h"

namespace limpid::control {

namespace {

using Json = nlohmann::ordered_json;

/// Of an answer: it is JSON, but not what was asked for.
struct NotUnderstood {};

// --- rows to JSON ---

class JsonWriter {
 public:
  explicit JsonWriter(Json& object) : object_(object) {}
  template <typename T>
  void operator()(const char* key, const T& value) {
    object_[key] = value;
  }
  void operator()(const char* key, const Duration& value) {
    object_[key] = std::chrono::duration_cast<std::chrono::milliseconds>(value).count();
  }
  void operator()(const char* key, const WallTime& value) { (*this)(key, value.time_since_epoch()); }

 private:
  Json& object_;
};

class JsonReader {
 public:
  explicit JsonReader(const Json& object) : object_(object) {}
  template <typename T>
  void operator()(const char* key, T& value) {
    if (const auto found = object_.find(key); found != object_.end()) found->get_to(value);
  }
  void operator()(const char* key, Duration& value) {
    std::int64_t milliseconds = 0;
    (*this)(key, milliseconds);
    value = std::chrono::milliseconds(milliseconds);
  }
  void operator()(const char* key, WallTime& value) {
    Duration since_1970{};
    (*this)(key, since_1970);
    value = WallTime(since_1970);
  }

 private:
  const Json& object_;
};

template <typename Row, typename Fields>
Json to_object(const Row& row, Fields fields) {
  Json object = Json::object();
  JsonWriter writer(object);
  fields(writer, row);
  return object;
}

template <typename Row, typename Fields>
Json to_array(const std::vector<Row>& rows, Fields fields) {
  Json array = Json::array();
  for (const Row& row : rows) array.push_back(to_object(row, fields));
  return array;
}

template <typename Row, typename Fields>
Row from_object(const Json& object, Fields fields) {
  Row row;
  JsonReader reader(object);
  fields(reader, row);
  return row;
}

template <typename Row, typename Fields>
std::vector<Row> from_array(const Json& array, Fields fields) {
  if (!array.is_array()) throw NotUnderstood();
  std::vector<Row> rows;
  for (const Json& object : array) rows.push_back(from_object<Row>(object, fields));
  return rows;
}

constexpr auto kSession = [](auto& field, auto& row) { fields_of_session(field, row); };
constexpr auto kCertificate = [](auto& field, auto& row) { fields_of_certificate(field, row); };
constexpr auto kWorker = [](auto& field, auto& row) { fields_of_worker(field, row); };
constexpr auto kMirror = [](auto& field, auto& row) { fields_of_mirror(field, row); };
constexpr auto kInlineTool = [](auto& field, auto& row) { fields_of_inline_tool(field, row); };
constexpr auto kToolGroup = [](auto& field, auto& row) { fields_of_tool_group(field, row); };
constexpr auto kService = [](auto& field, auto& row) { fields_of_service(field, row); };
constexpr auto kLearnt = [](auto& field, auto& row) { fields_of_learnt(field, row); };
constexpr auto kInventory = [](auto& field, auto& row) { fields_of_inventory(field, row); };
constexpr auto kCapture = [](auto& field, auto& row) { fields_of_capture(field, row); };
constexpr auto kVersion = [](auto& field, auto& row) { fields_of_version(field, row); };

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::string bytes_of(const std::string& text) {
  const auto digit = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    throw NotUnderstood();
  };
  if (text.size() % 2 != 0) throw NotUnderstood();
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes += static_cast<char>((digit(text[i]) << 4U) | digit(text[i + 1]));
  return bytes;
}

Json capture_object(const CaptureProgress& capture) {
  Json object = to_object(capture, kCapture);
  object["bytes"] = hexadecimal(capture.bytes);
  return object;
}

Json reason_object(const ReasonCount& row) {
  Json object{{"reason", row.reason}, {"count", row.count}};
  for (std::size_t i = 1; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (name(reason) != row.reason) continue;
    if (const auto whose = culprit(reason)) object["culprit"] = name(*whose);
    object["sentence"] = sentence(reason);
  }
  return object;
}

Json to_json(const Stats& stats) {
  Json reasons = Json::array();
  for (const ReasonCount& row : stats.reasons) reasons.push_back(reason_object(row));
  Json more = Json::object();
  for (const NamedCount& count : stats.more) more[count.name] = count.count;
  return {{"uptime_ms", std::chrono::duration_cast<std::chrono::milliseconds>(stats.uptime).count()},
          {"workers", to_array(stats.workers, kWorker)},
          {"sessions_finished", stats.sessions_finished},
          {"sessions_failed", stats.sessions_failed},
          {"reasons", std::move(reasons)},
          {"mirrors", to_array(stats.mirrors, kMirror)},
          {"inline_tools", to_array(stats.inline_tools, kInlineTool)},
          {"tool_groups", to_array(stats.tool_groups, kToolGroup)},
          {"inventory", to_object(stats.inventory, kInventory)},
          {"more", std::move(more)}};
}

Stats stats_from(const Json& object) {
  Stats stats;
  JsonReader reader(object);
  reader("uptime_ms", stats.uptime);
  reader("sessions_finished", stats.sessions_finished);
  reader("sessions_failed", stats.sessions_failed);
  stats.workers = from_array<WorkerStats>(object.value("workers", Json::array()), kWorker);
  stats.mirrors = from_array<MirrorStats>(object.value("mirrors", Json::array()), kMirror);
  stats.inline_tools = from_array<InlineToolStats>(object.value("inline_tools", Json::array()), kInlineTool);
  stats.tool_groups = from_array<ToolGroupStats>(object.value("tool_groups", Json::array()), kToolGroup);
  stats.inventory = from_object<InventoryStats>(object.value("inventory", Json::object()), kInventory);
  for (const Json& row : object.value("reasons", Json::array())) {
    stats.reasons.push_back({row.value("reason", ""), row.value("count", std::uint64_t{0})});
  }
  // Held by name: items() would outlive a temporary.
  const Json more = object.value("more", Json::object());
  for (const auto& [key, value] : more.items()) {
    stats.more.push_back({key, value.get<std::uint64_t>()});
  }
  return stats;
}

/// Bytes that are not UTF-8 (an SNI may be anything) become U+FFFD.
std::string dumped(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

// --- requests ---

Json head() { return {{"version", kProtocolVersion}}; }

/// What is wrong with a request, as a sentence.
struct Refused {
  std::string sentence;
};

void refuse_unknown(const Json& request, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : request.items()) {
    if (key == "version" || key == "request") continue;
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw Refused{"\"" + key + "\" is not a field of this request"};
    }
  }
}

std::string text_field(const Json& request, const char* key) {
  const auto found = request.find(key);
  if (found == request.end()) return {};
  if (!found->is_string()) throw Refused{std::string("\"") + key + "\" has to be a string"};
  return found->get<std::string>();
}

bool flag_field(const Json& request, const char* key) {
  const auto found = request.find(key);
  if (found == request.end()) return false;
  if (!found->is_boolean()) throw Refused{std::string("\"") + key + "\" has to be true or false"};
  return found->get<bool>();
}

std::optional<std::uint32_t> number_field(const Json& request, const char* key, std::uint32_t max) {
  const auto found = request.find(key);
  if (found == request.end()) return std::nullopt;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > max) {
    throw Refused{std::string("\"") + key + "\" has to be a number from 0 to " + std::to_string(max)};
  }
  return found->get<std::uint32_t>();
}

SessionQuery session_query(const Json& request) {
  refuse_unknown(request, {"host", "state", "all", "failed", "limit"});
  SessionQuery query;
  query.host = text_field(request, "host");
  query.state = text_field(request, "state");
  query.all = flag_field(request, "all");
  query.failed = flag_field(request, "failed");
  query.limit = number_field(request, "limit", kRowsMax).value_or(kRowsDefault);
  return query;
}

CertificateQuery certificate_query(const Json& request) {
  constexpr std::uint32_t kDaysMax = 36'500;
  refuse_unknown(request, {"host", "expiring_days", "limit"});
  CertificateQuery query;
  query.host = text_field(request, "host");
  query.expiring_days = number_field(request, "expiring_days", kDaysMax);
  query.limit = number_field(request, "limit", kRowsMax).value_or(kRowsDefault);
  return query;
}

Json service_result(const Json& request, Backend& backend) {
  refuse_unknown(request, {"tool", "in_service"});
  if (!request.contains("in_service")) throw Refused{"\"in_service\" is missing"};
  auto changed = backend.set_service(text_field(request, "tool"), flag_field(request, "in_service"));
  if (!changed) throw Refused{changed.error()};
  return to_object(*changed, kService);
}

CaptureQuery capture_query(const Json& request) {
  refuse_unknown(request, {"host", "client", "server", "failed", "secrets", "count", "seconds"});
  CaptureQuery query;
  query.host = text_field(request, "host");
  query.client = text_field(request, "client");
  query.server = text_field(request, "server");
  query.failed = flag_field(request, "failed");
  query.secrets = flag_field(request, "secrets");
  query.count = number_field(request, "count", kCapturedMax).value_or(query.count);
  query.seconds = number_field(request, "seconds", kCaptureSecondsMax).value_or(query.seconds);
  return query;
}

Json capture_result(const Json& request, Backend& backend) {
  auto progress = backend.capture(capture_query(request));
  if (!progress) throw Refused{progress.error()};
  return capture_object(*progress);
}

Json captured_result(const Json& request, Backend& backend) {
  refuse_unknown(request, {"capture", "stop"});
  const std::uint32_t number = number_field(request, "capture", UINT32_MAX).value_or(0);
  auto progress = backend.captured(number, flag_field(request, "stop"));
  if (!progress) throw Refused{progress.error()};
  return capture_object(*progress);
}

LearntQuery learnt_query(const Json& request) {
  refuse_unknown(request, {"host", "state", "limit"});
  LearntQuery query;
  query.host = text_field(request, "host");
  query.state = text_field(request, "state");
  query.limit = number_field(request, "limit", kRowsMax).value_or(kRowsDefault);
  return query;
}

Json learnt_result(const Json& request, Backend& backend) {
  refuse_unknown(request, {"id", "verdict"});
  const std::string verdict = text_field(request, "verdict");
  if (verdict != "accept" && verdict != "forget") throw Refused{"\"verdict\" has to be accept or forget"};
  auto judged = backend.judge_learnt(text_field(request, "id"),
                                     verdict == "accept" ? LearntVerdict::kAccept : LearntVerdict::kForget);
  if (!judged) throw Refused{judged.error()};
  return to_object(*judged, kLearnt);
}

Json result_of(const Json& request, Backend& backend) {
  const auto version = request.find("version");
  if (version == request.end() || *version != kProtocolVersion) {
    throw Refused{"this limpid speaks version " + std::to_string(kProtocolVersion) +
                  " of the control protocol"};
  }
  const std::string what = text_field(request, "request");
  if (what == "sessions") return to_array(backend.sessions(session_query(request)), kSession);
  if (what == "certificates") return to_array(backend.certificates(certificate_query(request)), kCertificate);
  if (what == "service") return service_result(request, backend);
  if (what == "capture") return capture_result(request, backend);
  if (what == "captured") return captured_result(request, backend);
  if (what == "learnt") return to_array(backend.learnt(learnt_query(request)), kLearnt);
  if (what == "judge_learnt") return learnt_result(request, backend);
  if (what == "stats" || what == "version") {
    refuse_unknown(request, {});
    return what == "stats" ? to_json(backend.stats()) : to_object(backend.version(), kVersion);
  }
  throw Refused{
      "\"" + what +
      "\" is not a request; there are sessions, certificates, stats, service, capture, captured, learnt, "
      "judge_learnt and version"};
}

/// Nesting beyond what any request has is refused before the parser goes down into it.
bool too_deep(std::string_view text) {
  constexpr int kDepthMax = 16;
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > kDepthMax) return true;
  }
  return false;
}

// --- answers ---

template <typename Row, typename Read>
Result<Row, std::string> read_answer(std::string_view line, Read read) {
  const Json answer = Json::parse(line, nullptr, false);
  try {
    if (!answer.is_object() || !answer.contains("ok"))
      return Failure{std::string("limpid's answer is not understood")};
    if (!answer.at("ok").get<bool>()) return Failure{answer.value("error", std::string("limpid refuses"))};
    return read(answer.at("result"));
  } catch (const Json::exception&) {
  } catch (const NotUnderstood&) {
  }
  return Failure{std::string("limpid's answer is not understood: is it of another version?")};
}

}  // namespace

std::string refusal(std::string_view sentence) {
  Json answer = head();
  answer["ok"] = false;
  answer["error"] = sentence;
  return dumped(answer, -1);
}

std::string answer(std::string_view request_line, Backend& backend) {
  if (too_deep(request_line)) return refusal("the request is nested too deeply");
  const Json request = Json::parse(request_line, nullptr, false);
  if (!request.is_object()) return refusal("the request is not a JSON object");
  try {
    Json answer = head();
    answer["ok"] = true;
    answer["result"] = result_of(request, backend);
    return dumped(answer, -1);
  } catch (const Refused& refused) {
    return refusal(refused.sentence);
  }
}

std::string request(const SessionQuery& query) {
  Json request = head();
  request["request"] = "sessions";
  if (!query.host.empty()) request["host"] = query.host;
  if (!query.state.empty()) request["state"] = query.state;
  if (query.all) request["all"] = true;
  if (query.failed) request["failed"] = true;
  request["limit"] = query.limit;
  return dumped(request, -1);
}

std::string request(const CertificateQuery& query) {
  Json request = head();
  request["request"] = "certificates";
  if (!query.host.empty()) request["host"] = query.host;
  if (query.expiring_days) request["expiring_days"] = *query.expiring_days;
  request["limit"] = query.limit;
  return dumped(request, -1);
}

std::string service_request(const std::string& tool, bool in_service) {
  Json request = head();
  request["request"] = "service";
  request["tool"] = tool;
  request["in_service"] = in_service;
  return dumped(request, -1);
}

std::string request(const CaptureQuery& query) {
  Json request = head();
  request["request"] = "capture";
  if (!query.host.empty()) request["host"] = query.host;
  if (!query.client.empty()) request["client"] = query.client;
  if (!query.server.empty()) request["server"] = query.server;
  if (query.failed) request["failed"] = true;
  if (query.secrets) request["secrets"] = true;
  request["count"] = query.count;
  request["seconds"] = query.seconds;
  return dumped(request, -1);
}

std::string captured_request(std::uint64_t capture, bool stop) {
  Json request = head();
  request["request"] = "captured";
  request["capture"] = capture;
  if (stop) request["stop"] = true;
  return dumped(request, -1);
}

std::string request(const LearntQuery& query) {
  Json request = head();
  request["request"] = "learnt";
  if (!query.host.empty()) request["host"] = query.host;
  if (!query.state.empty()) request["state"] = query.state;
  request["limit"] = query.limit;
  return dumped(request, -1);
}

std::string learnt_request(const std::string& id, LearntVerdict verdict) {
  Json request = head();
  request["request"] = "judge_learnt";
  request["id"] = id;
  request["verdict"] = verdict == LearntVerdict::kAccept ? "accept" : "forget";
  return dumped(request, -1);
}

std::string stats_request() { return dumped({{"version", kProtocolVersion}, {"request", "stats"}}, -1); }
std::string version_request() { return dumped({{"version", kProtocolVersion}, {"request", "version"}}, -1); }

Result<std::vector<SessionRow>, std::string> read_sessions(std::string_view answer_line) {
  return read_answer<std::vector<SessionRow>>(
      answer_line, [](const Json& result) { return from_array<SessionRow>(result, kSession); });
}

Result<std::vector<CertificateRow>, std::string> read_certificates_answer(std::string_view answer_line) {
  return read_answer<std::vector<CertificateRow>>(
      answer_line, [](const Json& result) { return from_array<CertificateRow>(result, kCertificate); });
}

Result<Stats, std::string> read_stats(std::string_view answer_line) {
  return read_answer<Stats>(answer_line, [](const Json& result) { return stats_from(result); });
}

Result<ServiceChange, std::string> read_service(std::string_view answer_line) {
  return read_answer<ServiceChange>(
      answer_line, [](const Json& result) { return from_object<ServiceChange>(result, kService); });
}

Result<CaptureProgress, std::string> read_capture(std::string_view answer_line) {
  return read_answer<CaptureProgress>(answer_line, [](const Json& result) {
    auto progress = from_object<CaptureProgress>(result, kCapture);
    progress.bytes = bytes_of(result.value("bytes", ""));
    return progress;
  });
}

Result<std::vector<LearntRow>, std::string> read_learnt(std::string_view answer_line) {
  return read_answer<std::vector<LearntRow>>(
      answer_line, [](const Json& result) { return from_array<LearntRow>(result, kLearnt); });
}

Result<LearntRow, std::string> read_judged_learnt(std::string_view answer_line) {
  return read_answer<LearntRow>(answer_line,
                                [](const Json& result) { return from_object<LearntRow>(result, kLearnt); });
}

Result<Version, std::string> read_version(std::string_view answer_line) {
  return read_answer<Version>(answer_line,
                              [](const Json& result) { return from_object<Version>(result, kVersion); });
}

std::string sessions_json(const std::vector<SessionRow>& rows) { return dumped(to_array(rows, kSession), 2); }
std::string certificates_json(const std::vector<CertificateRow>& rows) {
  return dumped(to_array(rows, kCertificate), 2);
}
std::string stats_json(const Stats& stats) { return dumped(to_json(stats), 2); }
std::string tools_json(const Stats& stats) {
  return dumped({{"inline_tools", to_array(stats.inline_tools, kInlineTool)},
                 {"tool_groups", to_array(stats.tool_groups, kToolGroup)},
                 {"mirrors", to_array(stats.mirrors, kMirror)}},
                2);
}

std::string service_json(const ServiceChange& change) { return dumped(to_object(change, kService), 2); }
std::string capture_json(const CaptureProgress& capture, const std::string& file) {
  Json object = to_object(capture, kCapture);
  object["file"] = file;
  return dumped(object, 2);
}
std::string learnt_json(const std::vector<LearntRow>& rows) { return dumped(to_array(rows, kLearnt), 2); }
std::string learnt_json(const LearntRow& row) { return dumped(to_object(row, kLearnt), 2); }
std::string version_json(const Version& version) { return dumped(to_object(version, kVersion), 2); }

}  // namespace limpid::control
