// Reader: walks the tree of a configuration file and says what is wrong with it. A Value is one node with its
// path; a Section is a map whose keys are taken one by one: what is left at its end is an unknown key. Every
// function that finds something wrong reports it and returns nothing, so that reading goes on to the next.
// Inside config/ only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_error.h"
#include "config/yaml_tree.h"
#include "dataplane/base/clock.h"

namespace limpid::config {

/// Where everything that is wrong goes.
class Findings {
 public:
  Findings(std::string file, std::size_t errors_max) : file_(std::move(file)), errors_max_(errors_max) {}

  void add(ConfigError found);
  bool any_error() const { return errors_ != 0; }
  std::size_t errors() const { return errors_; }
  /// Further errors are counted only.
  bool full() const { return errors_ >= errors_max_; }
  /// In the order of the file.
  std::vector<ConfigError> take();

 private:
  std::string file_;
  std::size_t errors_max_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
  std::vector<ConfigError> list_;
};

class Value {
 public:
  Value(const YamlNode& node, std::string path, Findings& findings)
      : node_(&node), place_(node.place), path_(std::move(path)), findings_(&findings) {}

  const std::string& path() const { return path_; }
  Place place() const { return place_; }
  Findings& findings() const { return *findings_; }
  bool is_null() const { return node_->kind == YamlNode::Kind::kNull; }
  bool is_list() const { return node_->kind == YamlNode::Kind::kList; }
  const YamlNode& node() const { return *node_; }
  /// An empty value has no place of its own: its key's is meant.
  Value at(Place place) const;

  void error(std::string what, std::string expected = "", std::string hint = "") const;
  void warning(std::string what, std::string hint = "") const;

  /// The elements of a list. One value alone counts as a list of one where `or_one` allows it. An empty list
  /// is an error unless `or_empty`: it could mean "all" as well as "none".
  enum class ListForm : std::uint8_t { kList, kListOrOne, kListOrEmpty };
  std::optional<std::vector<Value>> list(std::string_view of_what, ListForm form) const;

  /// `what` completes "expected …" everywhere below.
  std::optional<std::string> text(std::string_view what) const;
  std::optional<std::uint64_t> number(std::string_view what, std::uint64_t least, std::uint64_t most) const;
  std::optional<std::uint64_t> size(std::uint64_t least, std::uint64_t most) const;
  std::optional<Duration> duration(Duration least, Duration most) const;
  /// The index of the word; `kind` completes "… is not a …".
  std::optional<std::size_t> one_of(std::string_view kind, const std::vector<std::string>& words) const;

 private:
  const YamlNode* node_;
  Place place_;
  std::string path_;
  Findings* findings_;
};

class Section {
 public:
  /// A map; an empty value counts as an empty one. Repeated keys are reported here.
  static std::optional<Section> open(const Value& value);

  /// The value of a key, if the file has the key.
  std::optional<Value> take(std::string_view key);
  /// The same; that it is missing is an error, with what it is for.
  std::optional<Value> require(std::string_view key, std::string_view what_for);
  /// The keys that nobody took, each with its value, in the order of the file: for maps whose keys are names.
  struct Named {
    Value name;
    Value value;
  };
  std::vector<Named> take_rest();
  /// Reports every key that nobody took.
  void finish();

  const Value& value() const { return value_; }

 private:
  struct Entry {
    const YamlNode* key;
    const YamlNode* value;
    bool taken = false;
  };
  explicit Section(Value value) : value_(std::move(value)) {}
  Value take(Entry& entry);
  std::string path_of(std::string_view key) const;

  Value value_;
  std::vector<Entry> entries_;
  std::vector<std::string> known_;  // every key that was asked for
};

/// "a", "b", "c" as "a, b, c"; long lists are cut.
std::string listed(const std::vector<std::string>& words);
/// In quotes, cut where it is long.
std::string in_quotes(std::string_view text);

}  // namespace limpid::config
