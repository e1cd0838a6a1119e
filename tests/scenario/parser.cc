#include "tests/scenario/parser.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "dataplane/tcp/segment.h"
#include "dataplane/tcp/state.h"

namespace limpid::scenario {
namespace {

using Lines = std::vector<Step>;

/// One line, word by word. Complaints carry its place.
class Words {
 public:
  Words(std::string file, int line, std::string_view text) : file_(std::move(file)), line_(line) {
    std::istringstream in{std::string(text.substr(0, text.find('#')))};
    for (std::string word; in >> word;) words_.push_back(word);
  }

  [[noreturn]] void complain(const std::string& what) const {
    throw ParseError(file_ + ":" + std::to_string(line_) + ": " + what);
  }
  bool empty() const { return at_ == words_.size(); }
  std::string_view peek() const { return empty() ? std::string_view{} : words_[at_]; }
  std::string take(std::string_view what) {
    if (empty()) complain("expected " + std::string(what) + " at the end of the line");
    return words_[at_++];
  }
  bool skip(std::string_view word) {
    if (peek() != word) return false;
    ++at_;
    return true;
  }
  std::string rest() {
    std::string all;
    while (!empty()) all += (all.empty() ? "" : " ") + take("a word");
    return all;
  }
  void end() const {
    if (!empty()) complain("\"" + words_[at_] + "\" is not expected here");
  }
  const std::string& file() const { return file_; }
  int line() const { return line_; }

 private:
  std::string file_;
  int line_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

// --- values ---

std::int64_t number_of(const Words& words, std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    words.complain("\"" + std::string(text) + "\" is not a number");
  }
  return value;
}

template <typename Number>
Number bounded(Words& words, std::int64_t low = 0) {
  const std::string text = words.take("a number");
  const std::int64_t value = number_of(words, text);
  if (value < low || value > static_cast<std::int64_t>(std::numeric_limits<Number>::max())) {
    words.complain(text + " is out of range");
  }
  return static_cast<Number>(value);
}

Duration duration_of(const Words& words, std::string_view text) {
  static const std::map<std::string, Duration, std::less<>> kUnits{
      {"us", std::chrono::microseconds{1}}, {"ms", std::chrono::milliseconds{1}},
      {"s", std::chrono::seconds{1}},       {"min", std::chrono::minutes{1}},
      {"h", std::chrono::hours{1}},         {"d", std::chrono::hours{24}}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto unit = kUnits.find(text.substr(digits));
  if (digits == 0 || unit == kUnits.end()) {
    words.complain("\"" + std::string(text) + "\" is not a time such as 40ms (us, ms, s, min, h, d)");
  }
  return number_of(words, text.substr(0, digits)) * unit->second;
}

Duration duration(Words& words) { return duration_of(words, words.take("a time")); }

/// Splits "a..b"; "a" alone is both.
std::pair<std::string, std::string> ends_of(const std::string& text, std::string_view separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string::npos) return {text, text};
  return {text.substr(0, at), text.substr(at + separator.size())};
}

NumberRange number_range(Words& words) {
  const auto [low, high] = ends_of(words.take("a number or range"), "..");
  const NumberRange range{number_of(words, low), number_of(words, high)};
  if (range.low > range.high) words.complain("the range ends before it begins");
  return range;
}

Position position(const Words& words, std::string_view text) {
  constexpr std::string_view kNext = "next";
  if (!text.starts_with(kNext)) return {.offset = number_of(words, text)};
  text.remove_prefix(kNext.size());
  if (text.starts_with('+')) text.remove_prefix(1);
  return {.next = true, .offset = text.empty() ? 0 : number_of(words, text)};
}

PositionRange position_range(const Words& words, const std::string& text) {
  const auto [left, right] = ends_of(text, ":");
  if (text.find(':') == std::string::npos) words.complain("\"" + text + "\" is not a range such as 1:1001");
  return {position(words, left), position(words, right)};
}

// --- segments ---

std::uint8_t flags(Words& words, SegmentText& segment) {
  static const std::map<char, tcp::Flag> kLetters{{'F', tcp::kFin}, {'S', tcp::kSyn}, {'R', tcp::kRst},
                                                  {'P', tcp::kPsh}, {'A', tcp::kAck}, {'U', tcp::kUrg},
                                                  {'E', tcp::kEce}, {'C', tcp::kCwr}};
  const std::string letters = words.take("flags");
  std::uint8_t all = 0;
  if (letters == "-") return all;
  for (const char letter : letters) {
    const auto flag = kLetters.find(letter);
    if (flag == kLetters.end()) {
      words.complain("\"" + letters + "\" are not flags (letters of FSRPAUEC, or -)");
    }
    all = static_cast<std::uint8_t>(all | flag->second);
  }
  segment.push = (all & tcp::kPsh) != 0;
  segment.urgent = (all & tcp::kUrg) != 0;
  return all;
}

bool is_position(std::string_view word) {
  return !word.empty() &&
         (word.starts_with("next") || word.front() == '-' || std::isdigit(word.front()) != 0);
}

std::vector<PositionRange> sack_blocks(Words& words) {
  std::vector<PositionRange> blocks;
  while (is_position(words.peek())) blocks.push_back(position_range(words, words.take("a block")));
  if (blocks.empty() || blocks.size() > 4) words.complain("between one and four SACK blocks are needed");
  return blocks;
}

using SegmentWord = std::function<void(Words&, SegmentText&)>;

const std::map<std::string, SegmentWord, std::less<>>& segment_words() {
  static const std::map<std::string, SegmentWord, std::less<>> kWords{
      {"len",
       [](Words& words, SegmentText& segment) {
         Position end = segment.seq.value_or(Position{.next = true});
         end.offset += bounded<std::uint16_t>(words);
         segment.end = end;
       }},
      {"ack",
       [](Words& words, SegmentText& segment) { segment.ack = position(words, words.take("a number")); }},
      {"win", [](Words& words, SegmentText& segment) { segment.window = number_range(words); }},
      {"sack", [](Words& words, SegmentText& segment) { segment.sack = sack_blocks(words); }},
      {"nosack", [](Words&, SegmentText& segment) { segment.sack.emplace(); }},
      {"ts",
       [](Words& words, SegmentText& segment) { segment.timestamp = number_of(words, words.take("TSval")); }},
      {"ecr",
       [](Words& words, SegmentText& segment) { segment.echo = number_of(words, words.take("TSecr")); }},
      {"nots", [](Words&, SegmentText& segment) { segment.without_timestamps = true; }},
      {"ect", [](Words&, SegmentText& segment) { segment.ect = true; }},
      {"notect", [](Words&, SegmentText& segment) { segment.ect = false; }},
      {"ce", [](Words&, SegmentText& segment) { segment.ce = true; }},
      {"fill", [](Words& words, SegmentText& segment) { segment.fill = words.take("a character").front(); }},
  };
  return kWords;
}

SegmentText segment(Words& words) {
  SegmentText made;
  made.flags = flags(words, made);
  if (is_position(words.peek())) {
    const auto [left, right] = ends_of(words.take("a number"), ":");
    made.seq = position(words, left);
    made.end = position(words, right);
  }
  while (!words.empty() && words.peek() != "within") {
    const std::string word = words.take("a word");
    const auto known = segment_words().find(word);
    if (known == segment_words().end()) words.complain("\"" + word + "\" is not a part of a segment");
    known->second(words, made);
  }
  return made;
}

Within within(Words& words) {
  if (!words.skip("within")) return {};
  const auto [from, to] = ends_of(words.take("a time such as 40ms..60ms"), "..");
  const Within made{duration_of(words, from), duration_of(words, to)};
  if (made.from > made.to) words.complain("the time ends before it begins");
  return made;
}

// --- steps ---

Action expectation(Words& words) {
  if (words.skip("text")) {
    const PositionRange text = position_range(words, words.take("a range"));
    return ExpectText{text, within(words)};
  }
  const SegmentText expected = segment(words);
  return Expect{expected, within(words)};
}

Action injection(Words& words) {
  const SegmentText injected = segment(words);
  const bool one_window = !injected.window || injected.window->low == injected.window->high;
  if (!one_window) words.complain("an injected segment has one window");
  return Inject{injected};
}

Action read(Words& words) {
  Read made;
  if (is_position(words.peek())) made.size = bounded<std::uint32_t>(words);
  if (words.skip("fill")) made.fill = words.take("a character").front();
  return made;
}

std::string one_of(Words& words, const std::set<std::string, std::less<>>& names) {
  const std::string name = words.take("a name");
  if (names.contains(name)) return name;
  std::string list;
  for (const std::string& known : names) list += (list.empty() ? "" : ", ") + known;
  words.complain("\"" + name + "\" is none of " + list);
}

Action too_big(Words& words) {
  const Position seq = position(words, words.take("a number"));
  if (!words.skip("mtu")) words.complain("expected mtu");
  return TooBig{seq, bounded<std::uint16_t>(words)};
}

const std::set<std::string, std::less<>>& states() {
  static const std::set<std::string, std::less<>> kStates = [] {
    std::set<std::string, std::less<>> names;
    for (int i = 0; i <= static_cast<int>(tcp::State::kClosed); ++i) {
      names.emplace(tcp::name(static_cast<tcp::State>(i)));
    }
    return names;
  }();
  return kStates;
}

Action count(Words& words) {
  const std::string name = one_of(
      words, {"retransmitted", "timeouts", "recoveries", "undone", "tail_probes", "refused", "probed"});
  return ExpectCount{name, number_range(words)};
}

using StepWord = std::function<Action(Words&)>;

const std::map<std::string, StepWord, std::less<>>& step_words() {
  static const std::map<std::string, StepWord, std::less<>> kWords{
      {"<", injection},
      {">", expectation},
      {"silent", [](Words& words) { return ExpectSilence{words.empty() ? Duration{} : duration(words)}; }},
      {"wait", [](Words& words) { return Wait{duration(words)}; }},
      {"ignore", [](Words&) { return Ignore{}; }},
      {"write", [](Words& words) { return Write{bounded<std::uint32_t>(words, 1)}; }},
      {"read", read},
      {"close", [](Words&) { return Close{}; }},
      {"abort", [](Words&) { return Abort{}; }},
      {"keepalive", [](Words&) { return Keepalive{}; }},
      {"toobig", too_big},
      {"state", [](Words& words) { return ExpectState{one_of(words, states())}; }},
      {"readable", [](Words& words) { return ExpectReadable{bounded<std::uint32_t>(words)}; }},
      {"unacked", [](Words& words) { return ExpectUnacknowledged{bounded<std::uint32_t>(words)}; }},
      {"finished", [](Words&) { return ExpectFinished{true}; }},
      {"unfinished", [](Words&) { return ExpectFinished{false}; }},
      {"failure",
       [](Words& words) {
         return ExpectFailure{one_of(words, {"none", "reset", "timeout"})};
       }},
      {"count", count},
  };
  return kWords;
}

// --- the connection's set-up ---

using SetupWord = std::function<void(Words&, Setup&)>;

template <typename Number>
SetupWord sets(Number Setup::*member) {
  return [member](Words& words, Setup& setup) { setup.*member = bounded<Number>(words); };
}
SetupWord sets(bool Setup::*member) {
  return [member](Words&, Setup& setup) { setup.*member = true; };
}

const std::map<std::string, SetupWord, std::less<>>& setup_words() {
  static const std::map<std::string, SetupWord, std::less<>> kWords{
      {"opened",
       [](Words& words, Setup& setup) {
         setup.opened_by_us = one_of(words, {"by-us", "by-peer"}) == "by-us";
       }},
      {"sack", sets(&Setup::sack)},
      {"timestamps", sets(&Setup::timestamps)},
      {"ecn", sets(&Setup::ecn)},
      {"reno", sets(&Setup::reno)},
      {"mss", sets(&Setup::mss)},
      {"window", sets(&Setup::window)},
      {"shift", sets(&Setup::shift)},
      {"our-shift", sets(&Setup::our_shift)},
      {"buffer", sets(&Setup::buffer)},
      {"buffer-max", sets(&Setup::buffer_max)},
      {"isn", sets(&Setup::isn)},
      {"peer-isn", sets(&Setup::peer_isn)},
      {"peer-tsval", sets(&Setup::timestamp)},
      {"quick-acks", sets(&Setup::quick_acks)},
      {"initial-window", sets(&Setup::initial_window)},
      {"ranges-max", sets(&Setup::ranges_max)},
      {"rtt",
       [](Words& words, Setup& setup) {
         setup.round_trip.reset();
         if (!words.skip("unknown")) setup.round_trip = duration(words);
       }},
  };
  return kWords;
}

// --- files ---

class Parser {
 public:
  void parse(const SourceText& source) {
    std::istringstream in(source.text);
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      Words words(source.file, ++number, line);
      if (!words.empty()) take(words);
    }
    finish();
  }

  std::vector<Script> scripts() && { return std::move(scripts_); }

 private:
  void take(Words& words) {
    if (words.skip("script")) return begin_script(words);
    if (words.skip("define")) return begin_definition(words);
    if (script_ && !script_->steps.empty()) return add_step(words);
    if (script_ && head(words)) return;
    add_step(words);
  }

  void begin_script(Words& words) {
    finish();
    script_ = Script{.file = words.file(), .line = words.line()};
    script_->topic = std::filesystem::path(words.file()).stem().string();
    script_->claim = words.rest();
    if (script_->claim.empty()) words.complain("a script needs a claim for its name");
  }

  void begin_definition(Words& words) {
    finish();
    defining_ = words.take("a name");
    words.end();
    if (!definitions_.emplace(defining_, Lines{}).second) words.complain(defining_ + " is defined twice");
  }

  // The lines of a script before its first step. False: this is a step.
  bool head(Words& words) {
    if (words.skip("rfc")) {
      script_->rfc = words.rest();
    } else if (words.skip("linux")) {
      script_->on_linux = true;
      words.end();
    } else if (words.skip("in")) {
      if (words.empty()) words.complain("expected the names of states");
      while (!words.empty()) states_.push_back(one_of(words, states()));
      for (const std::string& state : states_) definition(words, state);
    } else if (words.skip("with")) {
      setup(words);
    } else {
      return false;
    }
    return true;
  }

  void setup(Words& words) {
    while (!words.empty()) {
      const std::string word = words.take("a word");
      const auto known = setup_words().find(word);
      if (known == setup_words().end()) words.complain("\"" + word + "\" is no part of a set-up");
      known->second(words, script_->setup);
    }
  }

  const Lines& definition(const Words& words, const std::string& name) const {
    const auto found = definitions_.find(name);
    if (found == definitions_.end()) words.complain("\"" + name + "\" is not defined");
    return found->second;
  }

  void add_step(Words& words) {
    if (!script_ && defining_.empty()) words.complain("expected \"script\" or \"define\"");
    Lines& steps = script_ ? script_->steps : definitions_[defining_];
    const std::string word = words.take("a step");
    if (word == "do") {
      const Lines more = definition(words, words.take("a name"));
      const int times = words.empty() ? 1 : bounded<std::uint16_t>(words, 1);
      words.end();
      for (int i = 0; i < times; ++i) steps.insert(steps.end(), more.begin(), more.end());
      return;
    }
    const auto known = step_words().find(word);
    if (known == step_words().end()) words.complain("\"" + word + "\" is not a step");
    Words copy = words;
    Step step{.action = known->second(words), .line = words.line(), .file = words.file()};
    step.text = word + " " + copy.rest();
    words.end();
    steps.push_back(std::move(step));
  }

  // A script that is true in several states becomes one in each.
  void finish() {
    defining_.clear();
    if (!script_) return;
    const Words place(script_->file, script_->line, "");
    if (script_->rfc.empty()) place.complain("\"" + script_->claim + "\" names no RFC");
    if (script_->steps.empty()) place.complain("\"" + script_->claim + "\" has no step");
    if (states_.empty()) add(*script_);
    for (const std::string& state : states_) {
      Script one = *script_;
      const Lines& way = definition(place, state);
      one.state = state;
      one.steps.insert(one.steps.begin(), way.begin(), way.end());
      add(one);
    }
    states_.clear();
    script_.reset();
  }

  void add(const Script& script) {
    if (!names_.insert(script.topic + "." + script.test_name()).second) {
      Words(script.file, script.line, "").complain("\"" + script.claim + "\" is claimed twice");
    }
    scripts_.push_back(script);
  }

  std::vector<Script> scripts_;
  std::set<std::string> names_;
  std::map<std::string, Lines> definitions_;
  std::optional<Script> script_;
  std::vector<std::string> states_;
  std::string defining_;
};

std::string camel(std::string_view words) {
  std::string made;
  bool begins = true;
  for (const char letter : words) {
    const bool kept = std::isalnum(static_cast<unsigned char>(letter)) != 0;
    if (kept) made += begins ? static_cast<char>(std::toupper(letter)) : letter;
    begins = !kept && letter != '\'';
  }
  return made;
}

}  // namespace

std::string Script::test_name() const { return state.empty() ? camel(claim) : camel(claim) + "_" + state; }

std::vector<Script> parse(const std::vector<SourceText>& sources) {
  Parser parser;
  for (const SourceText& source : sources) parser.parse(source);
  return std::move(parser).scripts();
}

std::vector<Script> load(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".tcp") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end(), [](const std::string& a, const std::string& b) {
    return std::pair(!a.ends_with("/moves.tcp"), a) < std::pair(!b.ends_with("/moves.tcp"), b);
  });
  std::vector<SourceText> sources;
  for (const std::string& file : files) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    sources.push_back({file, text.str()});
  }
  return parse(sources);
}

}  // namespace limpid::scenario
