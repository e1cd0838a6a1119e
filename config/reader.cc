#include "config/reader.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "config/units.h"
#include "dataplane/base/nearest.h"

namespace limpid::config {

namespace {

constexpr std::size_t kQuotedMax = 60;
constexpr std::size_t kListedMax = 12;

std::string_view kind_name(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a single value";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map (key: value)";
  }
  return "";
}

std::string is_here(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kNull) return "has no value";
  return "is " + std::string(kind_name(node.kind));
}

std::string range_words(const std::string& least, const std::string& most) { return least + " to " + most; }

}  // namespace

std::string in_quotes(std::string_view text) {
  if (text.size() <= kQuotedMax) return "\"" + std::string(text) + "\"";
  std::string_view kept = text.substr(0, kQuotedMax);
  // Not in the middle of a UTF-8 character.
  while (!kept.empty() && (static_cast<unsigned char>(text[kept.size()]) & 0xc0U) == 0x80U)
    kept.remove_suffix(1);
  return "\"" + std::string(kept) + "…\"";
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < std::min(words.size(), kListedMax); ++i) out += (i == 0 ? "" : ", ") + words[i];
  if (words.size() > kListedMax) out += " and " + std::to_string(words.size() - kListedMax) + " more";
  return out;
}

// --- Findings ---

void Findings::add(ConfigError found) {
  std::size_t& count = found.severity == Severity::kError ? errors_ : warnings_;
  if (++count > errors_max_) return;
  found.file = file_;
  list_.push_back(std::move(found));
}

std::vector<ConfigError> Findings::take() {
  std::stable_sort(list_.begin(), list_.end(), [](const ConfigError& a, const ConfigError& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  const auto more = [this](Severity severity, std::size_t count, const char* what) {
    if (count <= errors_max_) return;
    ConfigError last;
    last.severity = severity;
    last.file = file_;
    last.what = "and " + std::to_string(count - errors_max_) + " more " + what;
    list_.push_back(std::move(last));
  };
  more(Severity::kError, errors_, "errors");
  more(Severity::kWarning, warnings_, "warnings");
  return std::exchange(list_, {});
}

// --- Value ---

Value Value::at(Place place) const {
  Value moved = *this;
  moved.place_ = place;
  return moved;
}

void Value::error(std::string what, std::string expected, std::string hint) const {
  findings_->add({.severity = Severity::kError,
                  .file = {},
                  .line = place_.line,
                  .column = place_.column,
                  .path = path_,
                  .what = std::move(what),
                  .expected = std::move(expected),
                  .hint = std::move(hint)});
}

void Value::warning(std::string what, std::string hint) const {
  findings_->add({.severity = Severity::kWarning,
                  .file = {},
                  .line = place_.line,
                  .column = place_.column,
                  .path = path_,
                  .what = std::move(what),
                  .expected = {},
                  .hint = std::move(hint)});
}

std::optional<std::vector<Value>> Value::list(std::string_view of_what, ListForm form) const {
  std::vector<Value> elements;
  if (node_->kind == YamlNode::Kind::kScalar && form == ListForm::kListOrOne) {
    elements.push_back(*this);
    return elements;
  }
  if (node_->kind != YamlNode::Kind::kList) {
    error(is_here(*node_), "a list of " + std::string(of_what));
    return std::nullopt;
  }
  if (node_->children.empty() && form != ListForm::kListOrEmpty) {
    error("is an empty list", "at least one of " + std::string(of_what),
          "leave the key out to mean all of them");
    return std::nullopt;
  }
  elements.reserve(node_->children.size());
  for (const YamlNode& child : node_->children) {
    elements.emplace_back(child, path_ + "[" + std::to_string(elements.size()) + "]", *findings_);
  }
  return elements;
}

std::optional<std::string> Value::text(std::string_view what) const {
  if (node_->kind == YamlNode::Kind::kScalar && !node_->text.empty()) return node_->text;
  error(node_->kind == YamlNode::Kind::kScalar ? "is empty" : is_here(*node_), std::string(what));
  return std::nullopt;
}

std::optional<std::uint64_t> Value::number(std::string_view what, std::uint64_t least,
                                           std::uint64_t most) const {
  const std::string expected =
      std::string(what) + ", " + range_words(std::to_string(least), std::to_string(most));
  const std::optional<std::string> given = text(expected);
  if (!given) return std::nullopt;
  const std::optional<std::uint64_t> number = parse_number(*given);
  if (!number) {
    error(in_quotes(*given) + " is not a whole number", expected);
    return std::nullopt;
  }
  if (*number < least || *number > most) {
    error(*given + " is out of range", expected);
    return std::nullopt;
  }
  return number;
}

std::optional<std::uint64_t> Value::size(std::uint64_t least, std::uint64_t most) const {
  const std::string expected = "a size, " + range_words(size_text(least), size_text(most));
  const std::optional<std::string> given = text(expected);
  if (!given) return std::nullopt;
  const std::optional<std::uint64_t> bytes = parse_size(*given);
  if (!bytes) {
    error(in_quotes(*given) + " is not a size", expected, "write a whole number with KiB, MiB or GiB");
    return std::nullopt;
  }
  if (*bytes < least || *bytes > most) {
    error(*given + " is out of range", expected);
    return std::nullopt;
  }
  return bytes;
}

std::optional<Duration> Value::duration(Duration least, Duration most) const {
  const std::string expected = "a time, " + range_words(duration_text(least), duration_text(most));
  const std::optional<std::string> given = text(expected);
  if (!given) return std::nullopt;
  const std::optional<Duration> time = parse_duration(*given);
  if (!time) {
    error(in_quotes(*given) + " is not a time", expected, "write a whole number with ms, s, min, h or d");
    return std::nullopt;
  }
  if (*time < least || *time > most) {
    error(*given + " is out of range", expected);
    return std::nullopt;
  }
  return time;
}

std::optional<std::size_t> Value::one_of(std::string_view kind, const std::vector<std::string>& words) const {
  const std::string expected = "one of: " + listed(words);
  const std::optional<std::string> given = text(expected);
  if (!given) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *given);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  error(in_quotes(*given) + " is not " + std::string(kind), expected, nearest_hint(*given, words));
  return std::nullopt;
}

// --- Section ---

std::optional<Section> Section::open(const Value& value) {
  Section section(value);
  if (value.is_null()) return section;
  const YamlNode& node = value.node();
  if (node.kind != YamlNode::Kind::kMap) {
    value.error(is_here(node), "a map (key: value)");
    return std::nullopt;
  }
  std::unordered_map<std::string_view, std::uint32_t> lines;  // of the keys so far
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const YamlNode& key = node.children[i];
    const Value at_key(key, value.path(), value.findings());
    if (key.kind != YamlNode::Kind::kScalar) {
      at_key.error("a key is " + std::string(kind_name(key.kind)), "a word");
      continue;
    }
    const auto [first, fresh] = lines.try_emplace(key.text, key.place.line);
    if (!fresh) {
      Value(key, section.path_of(key.text), value.findings())
          .error("the key is here twice; the first is in line " + std::to_string(first->second));
      continue;
    }
    section.entries_.push_back({&key, &node.children[i + 1]});
  }
  return section;
}

std::string Section::path_of(std::string_view key) const {
  const std::string& path = value_.path();
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

std::optional<Value> Section::take(std::string_view key) {
  known_.emplace_back(key);
  for (Entry& entry : entries_) {
    if (entry.key->text == key) return take(entry);
  }
  return std::nullopt;
}

Value Section::take(Entry& entry) {
  entry.taken = true;
  const Value taken(*entry.value, path_of(entry.key->text), value_.findings());
  return taken.is_null() ? taken.at(entry.key->place) : taken;
}

std::vector<Section::Named> Section::take_rest() {
  std::vector<Named> rest;
  for (Entry& entry : entries_) {
    if (entry.taken) continue;
    const Value name(*entry.key, path_of(entry.key->text), value_.findings());
    rest.push_back({name, take(entry)});
  }
  return rest;
}

std::optional<Value> Section::require(std::string_view key, std::string_view what_for) {
  std::optional<Value> taken = take(key);
  if (!taken) value_.error("\"" + std::string(key) + "\" is missing", std::string(what_for));
  return taken;
}

void Section::finish() {
  for (const Entry& entry : entries_) {
    if (entry.taken) continue;
    const std::string& key = entry.key->text;
    const bool glued = key.find(':') != std::string::npos;  // "{default:pass}" is one long key
    Value(*entry.key, path_of(key.substr(0, kQuotedMax)), value_.findings())
        .error("unknown key", "one of: " + listed(known_),
               glued                      ? "put a space behind the \":\""
               : value_.findings().full() ? ""
                                          : nearest_hint(key, known_));
  }
}

}  // namespace limpid::config
