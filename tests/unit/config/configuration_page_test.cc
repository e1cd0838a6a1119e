// docs/operations/configuration.md against the loader: every key is there, every default is the one that
// takes effect, and what is called required is.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/effective.h"
#include "config/load.h"
#include "config/yaml_tree.h"

namespace limpid::config {
namespace {

struct Row {
  std::string default_text;
  std::string meaning;
  bool required() const { return default_text.starts_with("required"); }
};
using Page = std::map<std::string, Row>;  // by the key's whole path

std::vector<std::string> split(const std::string& text, const std::string& at) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t end = text.find(at); end != std::string::npos; end = text.find(at, from)) {
    parts.push_back(text.substr(from, end - from));
    from = end + at.size();
  }
  parts.push_back(text.substr(from));
  return parts;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" `");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" `") - first + 1);
}

/// "| `tls.versions.min`, `max` | `tls1.2`, `tls1.3` | … |": later keys stand beside the first.
Page page() {
  Page page;
  std::ifstream file("docs/operations/configuration.md");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> cells = split(line, "|");
    if (cells.size() < 5 || !cells[1].starts_with(" `")) continue;
    const std::vector<std::string> keys = split(cells[1], ", ");
    const std::vector<std::string> defaults = split(cells[2], ", ");
    const std::string first = trimmed(keys[0]);
    const std::string parent = first.substr(0, first.rfind('.') + 1);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::string key = i == 0 ? first : parent + trimmed(keys[i]);
      page[key] = {trimmed(defaults.size() == keys.size() ? defaults[i] : cells[2]), cells[3]};
    }
  }
  return page;
}

YamlNode tree_of(const std::string& yaml) { return parse_yaml(yaml).value(); }

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

using OnKey = std::function<void(const std::string& path, YamlNode& map, std::size_t child)>;

/// Every key at any depth; elements of a list are "[]", and keys that the operator has named are "NAME".
void walk(YamlNode& node, const std::string& path, const OnKey& on_key) {
  const bool names = path.ends_with(".inline.segments");
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (node.kind == YamlNode::Kind::kList) walk(node.children[i], path + "[]", on_key);
    if (node.kind != YamlNode::Kind::kMap || i % 2 == 1) continue;
    const std::string key = (path.empty() ? "" : path + ".") + (names ? "NAME" : node.children[i].text);
    walk(node.children[i + 1], key, on_key);
    on_key(key, node, i);
  }
}

std::set<std::string> keys_of(const std::string& yaml) {
  std::set<std::string> keys;
  YamlNode tree = tree_of(yaml);
  walk(tree, "", [&](const std::string& path, YamlNode&, std::size_t) { keys.insert(path); });
  return keys;
}

std::optional<std::string> value_at(const std::string& yaml, const std::string& wanted) {
  std::optional<std::string> value;
  YamlNode tree = tree_of(yaml);
  walk(tree, "", [&](const std::string& path, YamlNode& map, std::size_t child) {
    if (path == wanted) value = map.children[child + 1].text;
  });
  return value;
}

std::string rendered(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kNull) return "";
  if (node.kind == YamlNode::Kind::kScalar) return "\"" + node.text + "\"";
  const bool map = node.kind == YamlNode::Kind::kMap;
  std::string out;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    out += rendered(node.children[i]) + (map && i % 2 == 0 ? ": " : ", ");
  }
  return (map ? "{" : "[") + out + (map ? "}" : "]");
}

/// What a configuration must have, and no more.
constexpr const char* kLeast =
    "segments: [ { name: s, client_side: { interface: a }, server_side: { interface: b } } ]\n"
    "tools: [ { name: t, mirror: { pcapng: p } },\n"
    "         { name: u, inline: { side_a: { interface: c }, side_b: { interface: d } } },\n"
    "         { name: v, group: { members: [u] } } ]\n"
    "tls: { signing: { trusted: { certificate: a, key: b } }, inbound: [ { name: w, pkcs12: p },\n"
    "         { name: x, certificate: a, key: b } ], client_certificates: [ { hosts: h, pkcs12: p },\n"
    "         { hosts: h, certificate: a, key: b } ] }\n"
    "policy: { rules: [ { then: pass } ] }\n";

std::string without(const std::string& key) {
  YamlNode tree = tree_of(kLeast);
  walk(tree, "", [&](const std::string& path, YamlNode& map, std::size_t child) {
    const auto at = map.children.begin() + static_cast<std::ptrdiff_t>(child);
    if (path == key) map.children.erase(at, at + 2);
  });
  return rendered(tree);
}

auto loaded(const std::string& yaml) {
  return load_text(yaml, "/etc/limpid/limpid.yaml", {.check_files = false});
}

TEST(ConfigurationPage, HasEveryKeyAndNoOther) {
  const std::set<std::string> there = keys_of(contents_of("config/examples/full.yaml"));
  const Page documented = page();
  ASSERT_GT(documented.size(), 20U);
  for (const auto& [key, row] : documented) {
    EXPECT_TRUE(there.contains(key)) << key << " is documented, and not in full.yaml";
  }
  for (const std::string& key : there) {
    if (std::any_of(there.begin(), there.end(), [&](const std::string& other) {
          return other.starts_with(key + ".") || other.starts_with(key + "[");
        }))
      continue;  // a section
    // A row of its own, or a place in the row of the section.
    const std::size_t dot = key.rfind('.');
    const auto section = documented.find(key.substr(0, dot));
    const bool beside =
        section != documented.end() && section->second.meaning.find(key.substr(dot + 1)) != std::string::npos;
    EXPECT_TRUE(documented.contains(key) || beside) << key << " is not documented";
  }
}

TEST(ConfigurationPage, ItsDefaultsAreThoseThatTakeEffect) {
  const auto least = loaded(kLeast);
  ASSERT_TRUE(least.ok()) << text(least.error());
  const std::string effective = render_effective(*least);
  int compared = 0;
  for (const auto& [key, row] : page()) {
    const std::optional<std::string> takes_effect = value_at(effective, key);
    const std::string said = row.default_text.substr(0, row.default_text.find('`'));
    if (!takes_effect || takes_effect->empty() || row.required()) continue;
    ++compared;
    EXPECT_TRUE(*takes_effect == said || *takes_effect == "/etc/limpid/" + said)
        << key << ": the page says " << said << ", and what takes effect is " << *takes_effect;
  }
  EXPECT_GE(compared, 15);
}

TEST(ConfigurationPage, WhatItCallsRequiredIs) {
  const std::set<std::string> least = keys_of(kLeast);
  for (const auto& [key, row] : page()) {
    if (!least.contains(key)) {
      EXPECT_FALSE(row.required()) << key << ": a configuration without it loads";
      continue;
    }
    EXPECT_EQ(row.required(), !loaded(without(key)).ok()) << key << "\n" << without(key);
  }
}

}  // namespace
}  // namespace limpid::config
