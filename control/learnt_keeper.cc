#include "control/learnt_keeper.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "control/learnt_report.h"
#include "control/printable.h"
#include "control/units.h"
#include "dataplane/base/descriptor.h"

namespace limpid::control {

namespace {

using Json = nlohmann::ordered_json;
using tls::LearntEntry;
using tls::LearntPlace;
using tls::LearntState;

constexpr int kFormat = 1;
/// The end of its name, of a file that is not understood, or not all of it.
constexpr const char* kAside = ".broken";
/// Of a file: it is JSON, but not ours.
struct NotUnderstood {};

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

template <typename Word, std::size_t N>
std::optional<Word> word_of(const std::string& text, const std::array<Word, N>& words) {
  const auto found = std::find_if(words.begin(), words.end(), [&](Word word) { return name(word) == text; });
  return found == words.end() ? std::nullopt : std::optional<Word>(*found);
}

constexpr std::array kStates{LearntState::kProposed, LearntState::kBypass, LearntState::kRetry,
                             LearntState::kAccepted};
constexpr std::array kModes{policy::Learning::kPropose, policy::Learning::kAuto};
constexpr std::array kRejections{tls::Rejection::kBadCertificate, tls::Rejection::kCertificateUnknown,
                                 tls::Rejection::kUnknownCa,      tls::Rejection::kClosed,
                                 tls::Rejection::kReset,          tls::Rejection::kSilent};

Json json_of(const LearntEntry& entry, const std::string& segment) {
  const LearntPlace& place = *entry.place;
  return {{"state", name(entry.state)},
          {"host", place.host},
          {"address", place.is_by_address() ? place.server.ip.text() : ""},
          {"port", place.server.port},
          {"connect", place.connect},
          {"ja4", place.client.text()},
          {"rule", place.rule},
          {"segment", segment},
          {"vlan", place.vlan},
          {"mode", name(entry.mode)},
          {"evidence", name(entry.last)},
          {"failures", entry.failures},
          {"clients", entry.clients},
          {"first_failure_s", seconds_of(entry.first_failure)},
          {"last_failure_s", seconds_of(entry.last_failure)},
          {"until_s", seconds_of(entry.until)},
          {"span_s", std::chrono::duration_cast<std::chrono::seconds>(entry.span).count()},
          {"sessions", entry.sessions},
          {"bytes", entry.bytes}};
}

/// Times that no arithmetic here overflows with: 1970 to 2106.
WallTime time_from(const Json& object, const char* key) {
  const auto seconds = std::clamp<std::int64_t>(object.at(key).get<std::int64_t>(), 0, UINT32_MAX);
  return WallTime(std::chrono::seconds(seconds));
}

std::uint64_t count_from(const Json& object, const char* key, std::uint64_t most) {
  return std::min(object.at(key).get<std::uint64_t>(), most);
}

/// The place without its segment; null: it is none that could have been learnt. May throw Json::exception.
std::shared_ptr<LearntPlace> place_from(const Json& object) {
  auto place = std::make_shared<LearntPlace>();
  place->host = object.at("host").get<std::string>();
  place->connect = object.at("connect").get<std::string>();
  place->rule = object.at("rule").get<std::string>();
  place->server.port = static_cast<std::uint16_t>(count_from(object, "port", UINT16_MAX));
  place->vlan = static_cast<std::uint16_t>(count_from(object, "vlan", 4'094));
  const auto client = tls::Ja4::parse(object.at("ja4").get<std::string>());
  const auto address = IpAddress::parse(object.at("address").get<std::string>());
  if (!client || address.has_value() != place->is_by_address()) return nullptr;
  place->client = *client;
  if (address) place->server.ip = *address;
  for (const std::string* text : {&place->host, &place->connect}) {
    if (!text->empty() && !tls::is_plain_name(*text)) return nullptr;
  }
  return place;
}

/// Nothing: it is not one. May throw Json::exception.
std::optional<LearntEntry> entry_from(const Json& object, std::uint16_t segment) {
  const auto place = place_from(object);
  const auto state = word_of(object.at("state").get<std::string>(), kStates);
  const auto mode = word_of(object.at("mode").get<std::string>(), kModes);
  const auto last = word_of(object.at("evidence").get<std::string>(), kRejections);
  if (!place || !state || !mode || !last) return std::nullopt;
  place->segment = segment;
  constexpr std::uint64_t kWeek_s = std::uint64_t{7} * 86'400;
  return LearntEntry{
      .place = place,
      .state = *state,
      .mode = *mode,
      .last = *last,
      .failures = count_from(object, "failures", UINT32_MAX),
      .clients = static_cast<std::uint32_t>(count_from(object, "clients", tls::LearntTable::kClientsMax)),
      .first_failure = time_from(object, "first_failure_s"),
      .last_failure = time_from(object, "last_failure_s"),
      .until = time_from(object, "until_s"),
      .span = std::chrono::seconds(count_from(object, "span_s", kWeek_s)),
      .sessions = object.at("sessions").get<std::uint64_t>(),
      .bytes = object.at("bytes").get<std::uint64_t>()};
}

/// Nothing of the old file is lost before all of the new one is on the disk. The error is a sentence.
std::optional<std::string> replace_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());  // of an attempt that did not come to its end
  const Descriptor file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) return system_failure(fresh, "cannot be opened", errno);
  const bool whole = write_all(file, as_bytes(text)) == text.size() && ::fsync(file.number()) == 0;
  std::optional<std::string> failed;
  if (!whole) {
    failed = system_failure(fresh, "cannot be written", errno);
  } else if (std::rename(fresh.c_str(), path.c_str()) != 0) {
    failed = system_failure(path, "cannot be replaced", errno);
  }
  if (failed) ::unlink(fresh.c_str());
  return failed;
}

std::optional<std::size_t> index_of(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::string entries_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

}  // namespace

LearntKeeper::LearntKeeper(tls::LearntTable& table, LearntSurroundings surroundings, const Clock& clock,
                           Write write)
    : table_(table),
      surroundings_(std::move(surroundings)),
      clock_(clock),
      write_(std::move(write)),
      saved_(table.generation()),
      save_at_(clock.now()),
      save_counts_at_(clock.now() + kSaveCountsEvery),
      expire_at_(clock.now()),
      minute_began_(clock.now()) {}

// --- The file -------------------------------------------------------------------------------------------

void LearntKeeper::load() {
  const std::string& path = surroundings_.file;
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) {
    if (errno != ENOENT) write_(true, system_failure(path, "cannot be read", errno));
    return;
  }
  std::string text(std::min<std::size_t>(static_cast<std::size_t>(facts.st_size), kFileBytesMax + 1), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file) return write_(true, path + ": cannot be read: nothing is known of what was learnt before");
  if (text.size() > kFileBytesMax) text.clear();
  try {
    return bring_back(text);
  } catch (const Json::exception&) {
  } catch (const NotUnderstood&) {
  }
  const std::string aside = path + kAside;
  const bool moved = std::rename(path.c_str(), aside.c_str()) == 0;
  write_(true, path + " is not understood: nothing is known of what was learnt before" +
                   (moved ? "; it is " + aside + " now" : ""));
}

void LearntKeeper::bring_back(const std::string& text) {
  const Json file = Json::parse(text);
  if (file.at("format").get<int>() != kFormat) throw NotUnderstood();
  const bool same_ca = file.at("signing").get<std::string>() == surroundings_.signing;
  const bool same_policy = file.at("policy").get<std::string>() == surroundings_.policy;
  std::vector<LearntEntry> entries;
  std::size_t of_other_ca = 0;
  std::size_t gone = 0;
  std::size_t bad = 0;
  if (!file.at("entries").is_array()) throw NotUnderstood();
  for (const Json& object : file.at("entries")) {
    try {
      const auto segment = index_of(surroundings_.segments, object.at("segment").get<std::string>());
      const bool ruled = knows(object.at("rule").get<std::string>(), same_policy);
      const auto entry = entry_from(object, static_cast<std::uint16_t>(segment.value_or(0)));
      if (!entry) {
        ++bad;
      } else if (!segment || !ruled) {
        ++gone;
      } else if (!same_ca && entry->state != LearntState::kAccepted) {
        ++of_other_ca;
      } else {
        entries.push_back(*entry);
      }
    } catch (const Json::exception&) {  // something is missing, or of another kind
      ++bad;
    }
  }
  table_.restore(entries);
  saved_ = table_.generation();
  const auto forgotten = [this](std::size_t count, const std::string& why) {
    if (count > 0) write_(false, "learnt: " + entries_text(count) + " forgotten: " + why);
  };
  forgotten(of_other_ca, "the signing CA is another one");
  forgotten(gone, "their rule or segment is no more, or may be another one");
  if (bad == 0) return;
  // The file is written anew soon: what somebody has mistyped there stays to be looked at.
  const std::string aside = surroundings_.file + kAside;
  const auto failed = replace_file(aside, text);
  write_(true, "learnt: " + entries_text(bad) + " not taken: not as limpid writes them; " +
                   (failed ? *failed : "the file as it was is " + aside));
}

/// "rules[3]" is the fourth, whichever that is.
bool LearntKeeper::knows(const std::string& rule, bool same_policy) const {
  return index_of(surroundings_.rules, rule).has_value() && (same_policy || !rule.starts_with("rules["));
}

void LearntKeeper::save() {
  saved_ = table_.generation();
  save_at_ = clock_.now() + kSaveEvery;
  save_counts_at_ = clock_.now() + kSaveCountsEvery;
  Json entries = Json::array();
  for (const LearntEntry& entry : table_.entries()) {
    const std::size_t segment = entry.place->segment;
    const bool lasts = word_of(std::string(name(entry.state)), kStates).has_value();
    if (lasts && segment < surroundings_.segments.size())
      entries.push_back(json_of(entry, surroundings_.segments[segment]));
  }
  const Json file{{"format", kFormat},
                  {"signing", surroundings_.signing},
                  {"policy", surroundings_.policy},
                  {"entries", std::move(entries)}};
  const auto failed =
      replace_file(surroundings_.file, file.dump(1, ' ', false, Json::error_handler_t::replace) + '\n');
  if (failed && !save_failed_) write_(true, "learnt: " + *failed);
  save_failed_ = failed.has_value();
}

// --- The log --------------------------------------------------------------------------------------------

void LearntKeeper::run() {
  const Instant now = clock_.now();
  if (now >= expire_at_) {
    table_.expire();
    expire_at_ = now + kExpireEvery;
  }
  tell_changes();
  const bool changed = table_.generation() != saved_;
  if ((changed || save_failed_) && now >= save_at_) return save();
  if (now < save_counts_at_) return;
  save_counts_at_ = now + kSaveCountsEvery;
  if (!table_.empty()) save();
}

void LearntKeeper::finish() {
  tell_changes();
  // Where nothing was ever learnt there is no file.
  if (table_.generation() != saved_ || !table_.empty()) save();
}

void LearntKeeper::tell_changes() {
  if (clock_.now() - minute_began_ >= std::chrono::minutes(1)) {
    minute_began_ = clock_.now();
    lines_ = 0;
    if (untold_ > 0)
      write_(false, "learnt: " + std::to_string(std::exchange(untold_, 0)) + " further changes");
  }
  const tls::LearntTable::Changes changes = table_.take_changes();
  untold_ += changes.untold;
  for (const tls::LearntChange& change : changes.list) {
    if (may_say_more()) {
      tell(change);
    } else {
      ++untold_;
    }
  }
}

bool LearntKeeper::may_say_more() {
  if (lines_ >= kLinesPerMinute) return false;
  ++lines_;
  return true;
}

void LearntKeeper::tell(const tls::LearntChange& change) {
  const LearntRow row = row_of(change.entry);
  const std::string evidence = std::to_string(row.failures) + " failures of " + std::to_string(row.clients) +
                               " clients, the last: " + evidence_text(row.evidence);
  std::string becomes;
  switch (change.entry.state) {
    case LearntState::kProposed:
      becomes = "proposed (" + evidence + "); `limpid learnt --accept " + row.id + "` passes such sessions";
      break;
    case LearntState::kBypass:
      becomes = "passed for " + duration_text(change.entry.span) + " (" + evidence + ")";
      break;
    case LearntState::kRetry:
      becomes = "one session is decrypted again";
      break;
    case LearntState::kAccepted:
      becomes = "accepted, passed until it is forgotten";
      break;
    case LearntState::kForgotten:
      becomes = "forgotten, was " + std::string(name(change.from));
      break;
    case LearntState::kSuspect:
      return;
  }
  write_(change.entry.state == LearntState::kBypass, "learnt " + row.id + ": " + row.server +
                                                         " with clients " + row.ja4 + ", rule " +
                                                         printable(row.rule) + ": " + becomes);
}

// --- The operator ---------------------------------------------------------------------------------------

LearntRow LearntKeeper::row_of(const LearntEntry& entry) const {
  const LearntPlace& place = *entry.place;
  return {
      .id = entry.id,
      .state = std::string(name(entry.state)),
      .server = place.server_text(),
      .host = place.host,
      .address = place.is_by_address() ? place.server.ip.text() : "",
      .port = place.server.port,
      .connect = place.connect,
      .ja4 = std::string(place.client.text()),
      .rule = place.rule,
      .segment = place.segment < surroundings_.segments.size() ? surroundings_.segments[place.segment] : "",
      .vlan = place.vlan,
      .mode = std::string(name(entry.mode)),
      .evidence = std::string(name(entry.last)),
      .failures = entry.failures,
      .clients = entry.clients,
      .first_failure = entry.first_failure,
      .last_failure = entry.last_failure,
      .until = entry.until,
      .sessions = entry.sessions,
      .bytes = entry.bytes};
}

std::vector<LearntRow> LearntKeeper::rows(const LearntQuery& query) const {
  table_.expire();
  std::vector<LearntRow> rows;
  for (const LearntEntry& entry : table_.entries()) {
    if (rows.size() >= query.limit) break;
    LearntRow row = row_of(entry);
    if (query.matches(row)) rows.push_back(std::move(row));
  }
  return rows;
}

Result<LearntRow, std::string> LearntKeeper::judge(const std::string& id, LearntVerdict verdict) {
  using Changed = tls::LearntTable::Changed;
  const std::vector<LearntEntry> entries = table_.entries();
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const LearntEntry& each) { return each.id == id; });
  const bool accepts = verdict == LearntVerdict::kAccept;
  const Changed how = accepts ? table_.accept(id) : table_.forget(id);
  if (how == Changed::kUnknown || found == entries.end())
    return Failure{"there is no entry " + printable(id) + "; `limpid learnt` shows those that there are"};
  if (how == Changed::kAmbiguous) return Failure{id + " is the id of several entries: none was changed"};
  LearntRow row = row_of(*found);
  row.state = name(accepts ? LearntState::kAccepted : LearntState::kForgotten);
  return row;
}

void LearntKeeper::add_stats(Stats& stats) const {
  std::array<std::uint64_t, 6> counts{};
  for (const LearntEntry& entry : table_.entries()) ++counts[static_cast<std::size_t>(entry.state)];
  for (const LearntState state : {LearntState::kSuspect, LearntState::kProposed, LearntState::kBypass,
                                  LearntState::kRetry, LearntState::kAccepted}) {
    stats.more.push_back(
        {"learnt entries: " + std::string(name(state)), counts[static_cast<std::size_t>(state)]});
  }
  stats.more.push_back({"failures that could not be learnt from", table_.refused()});
}

}  // namespace limpid::control
