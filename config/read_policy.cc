// policy: the default, and the rules in their order.
#include <algorithm>
#include <utility>

#include "config/sections.h"
#include "config/versions.h"
#include "policy/rule_set.h"
#include "policy/unreachable.h"

namespace limpid::config {

namespace {

constexpr std::size_t kRuleNameMax = 128;

const std::vector<std::string>& decision_words() {
  static const std::vector<std::string> kWords = {"decrypt", "pass", "block"};
  return kWords;
}

/// "ips", or { name: ips, port_map: { 443: 80 } }.
std::optional<std::uint16_t> read_rule_tool(const Value& element, const Reading& reading,
                                            std::vector<policy::ToolPorts>* tool_ports) {
  if (element.node().kind != YamlNode::Kind::kMap) return reading.tools.find(element);
  auto section = Section::open(element);
  if (!section) return std::nullopt;
  const auto name = section->require("name", "name: the name of a tool");
  const auto tool = name ? reading.tools.find(*name) : std::nullopt;
  const auto ports = section->take("port_map");
  if (tool && ports) {
    const Tool& named = reading.made.tools[*tool];
    if (tool_ports == nullptr) {
      ports->error("what is not decrypted goes through tools as it is", "the tool's name alone");
    } else if (!named.inline_tool && !named.group) {
      ports->error(in_quotes(named.name) + " is a mirror", "its port_map with the mirror, for all rules");
    } else {
      tool_ports->push_back({*tool, read_port_map(*ports)});
    }
  }
  section->finish();
  return tool;
}

/// What is passed goes through tools as it is: to those that only get a copy it would be ciphertext.
void refuse_mirror(const Value& element, const Tool& tool) {
  if (tool.inline_tool || tool.group) return;
  element.error(in_quotes(tool.name) + " is a mirror, and would get what is not decrypted",
                "inline tools, or groups of them", "mirrors belong to rules that say \"then: decrypt\"");
}

/// `tool_ports`: where port maps go; null: of what is not decrypted, where there are none.
void read_tool_list(const Value& value, const Reading& reading, std::vector<std::uint16_t>& into,
                    std::vector<policy::ToolPorts>* tool_ports = nullptr) {
  const auto elements = value.list("tool names", Value::ListForm::kListOrEmpty);
  if (!elements) return;
  for (const Value& element : *elements) {
    const auto tool = read_rule_tool(element, reading, tool_ports);
    if (!tool) continue;
    if (std::find(into.begin(), into.end(), *tool) != into.end()) {
      element.error("the tool is here twice", "every tool once");
      continue;
    }
    if (tool_ports == nullptr) refuse_mirror(element, reading.made.tools[*tool]);
    into.push_back(*tool);
  }
}

void read_rule_tools(const Value& value, const Reading& reading, policy::Rule& rule) {
  rule.names_tools = true;
  const bool as_it_is = rule.then == policy::Action::kPass;
  read_tool_list(value, reading, rule.tools, as_it_is ? nullptr : &rule.tool_ports);
  if (rule.then == policy::Action::kBlock && !rule.tools.empty())
    value.warning("these tools get nothing: the rule blocks");
}

/// The wires of these tools, and of members of these groups, carry each segment with a tag of its own.
bool all_tell_segments(const std::vector<Tool>& tools, const std::vector<std::uint16_t>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [&](std::uint16_t number) {
    const Tool& tool = tools[number];
    if (tool.group)
      return all_tell_segments(tools, tool.group->members) && all_tell_segments(tools, tool.group->spares);
    return tool.inline_tool && !tool.inline_tool->segments.empty() && tool.inline_tool->segments[0].vlan != 0;
  });
}

/// A frame without a flow goes on from where it has come out: no tool may be in two places.
void refuse_members(const Value& value, const Reading& reading, const Tool& tool,
                    const std::vector<std::uint16_t>& beside) {
  if (!tool.group) return;
  std::vector<std::uint16_t> members = tool.group->members;
  members.insert(members.end(), tool.group->spares.begin(), tool.group->spares.end());
  for (const std::uint16_t member : members) {
    if (std::find(beside.begin(), beside.end(), member) == beside.end()) continue;
    const std::string& name = reading.made.tools[member].name;
    value.error(in_quotes(name) + " is here twice: it belongs to " + in_quotes(tool.name), "every tool once");
  }
}

/// Frames that are not TCP say nothing of where they belong: the tool that they come out of must tell.
void read_non_tcp(const Value& value, const Reading& reading, std::vector<std::uint16_t>& into) {
  read_tool_list(value, reading, into);
  if (into.empty()) return;
  if (reading.made.segments.size() > 1 && !all_tell_segments(reading.made.tools, into)) {
    value.error("what is not TCP cannot go through a tool whose wires do not tell segments apart",
                "tools with a VLAN tag for each segment (segments: { NAME: { vlan: … } })",
                "of a frame that comes out of the tool nobody could say whose it is");
  }
  for (const std::uint16_t tool : into) refuse_members(value, reading, reading.made.tools[tool], into);
}

void read_not_decrypted(const Value& value, const Reading& reading, policy::NotDecrypted& made) {
  auto section = Section::open(value);
  if (!section) return;
  if (const auto tls = section->take("tls")) read_tool_list(*tls, reading, made.tls);
  if (const auto other = section->take("other_tcp")) read_tool_list(*other, reading, made.other_tcp);
  if (const auto rest = section->take("non_tcp")) read_non_tcp(*rest, reading, made.non_tcp);
  section->finish();
}

/// Every rule has a name: decisions, logs and reports call it by that.
void read_rule_name(Section& section, const std::string& path,
                    std::unordered_map<std::string, std::uint32_t>& names, policy::Rule& rule) {
  rule.name = path.substr(path.find("rules"));  // "rules[3]", where the file gives no name
  const auto value = section.take("name");
  if (!value) return;
  const auto name = value->text("a name");
  if (!name) return;
  if (name->size() > kRuleNameMax) {
    value->error("the name is too long", "at most " + std::to_string(kRuleNameMax) + " characters");
  } else if (*name == policy::kDefaultRuleName) {
    value->error("\"default\" is the name of the policy's default", "another name");
  } else if (const auto [known, fresh] = names.try_emplace(*name, value->place().line); !fresh) {
    value->error("the rule " + in_quotes(*name) + " is here twice; the first is in line " +
                     std::to_string(known->second),
                 "a name of its own for every rule");
  }
  rule.name = *name;
}

void read_direction(const Value& value, policy::Rule& rule) {
  static const std::vector<std::string> kWords = {"any", "inbound", "outbound"};
  const auto word = value.one_of("a direction", kWords);
  if (!word) return;
  rule.direction = static_cast<policy::Direction>(*word);
  if (rule.then != policy::Action::kDecrypt)
    value.error("only rules that decrypt have a direction", "then: decrypt, or no direction");
}

void read_rule_versions(const Value& value, policy::Rule& rule) {
  rule.versions = read_versions(value);
  if (rule.then != policy::Action::kDecrypt)
    value.error("only rules that decrypt have versions", "then: decrypt, or no versions");
}

void read_rule_learning(const Value& value, policy::Rule& rule) {
  rule.learning = read_learning_mode(value);
  if (rule.then != policy::Action::kDecrypt)
    value.error("only rules that decrypt learn", "then: decrypt, or no learning");
}

void read_rule(const Value& value, const Reading& reading,
               std::unordered_map<std::string, std::uint32_t>& names, policy::Rule& rule) {
  auto section = Section::open(value);
  if (!section) return;
  read_rule_name(*section, value.path(), names, rule);
  if (const auto when = section->take("when")) read_when(*when, reading, rule.when);
  const auto then = section->require("then", "then: decrypt, pass or block");
  const auto word = then ? then->one_of("a decision", decision_words()) : std::nullopt;
  if (word) rule.then = static_cast<policy::Action>(*word);
  if (const auto tools = section->take("tools")) read_rule_tools(*tools, reading, rule);
  if (const auto direction = section->take("direction")) read_direction(*direction, rule);
  if (const auto versions = section->take("versions")) read_rule_versions(*versions, rule);
  if (const auto verification = section->take("verification"))
    rule.verification = read_rule_verification(*verification);
  if (const auto asked = section->take("client_certificate"))
    rule.client_certificate = read_client_certificate(*asked);
  if (const auto learning = section->take("learning")) read_rule_learning(*learning, rule);
  section->finish();
}

void warn_of_unreachable(const std::vector<Value>& elements, const policy::Policy& policy) {
  for (const policy::UnreachableRule& rule : policy::unreachable_rules(policy)) {
    elements[rule.rule].warning("rule " + in_quotes(policy.rules[rule.rule].name) +
                                " can never match: rules[" + std::to_string(rule.hidden_by) + "] " +
                                in_quotes(policy.rules[rule.hidden_by].name) + " matches all of it before");
  }
}

void read_rules(const Value& value, const Reading& reading, policy::Policy& policy) {
  if (value.is_null()) return;
  const auto elements = value.list("rules", Value::ListForm::kListOrEmpty);
  if (!elements) return;
  if (elements->size() > policy::kRulesMax) {
    return value.error("there are " + std::to_string(elements->size()) + " rules",
                       "at most " + std::to_string(policy::kRulesMax));
  }
  std::unordered_map<std::string, std::uint32_t> names;
  policy.rules.reserve(elements->size());
  for (const Value& element : *elements) read_rule(element, reading, names, policy.rules.emplace_back());
  if (!value.findings().any_error()) warn_of_unreachable(*elements, policy);
}

}  // namespace

void read_policy(Section& root, Reading& reading) {
  const auto value = root.take("policy");
  auto section = value ? Section::open(*value) : std::nullopt;
  if (!section) return;
  policy::Policy& policy = reading.made.policy;
  if (const auto action = section->take("default")) {
    const auto word = action->one_of("a decision", decision_words());
    if (word) policy.default_action = static_cast<policy::Action>(*word);
  }
  if (const auto tools = section->take("not_decrypted"))
    read_not_decrypted(*tools, reading, policy.not_decrypted);
  if (const auto rules = section->take("rules")) read_rules(*rules, reading, policy);
  section->finish();
}

}  // namespace limpid::config
