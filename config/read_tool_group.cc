// tools[].group: equal inline tools under one name.
#include <algorithm>
#include <string>

#include "config/sections.h"

namespace limpid::config {

namespace {

constexpr std::size_t kGroupMost = 64;

/// Each an inline tool, and of this group alone: two groups would not know of each other's load.
void read_members(const Value& value, Value::ListForm form, std::vector<std::uint16_t>& made,
                  Reading& reading) {
  const auto names = value.list("tools", form);
  if (!names) return;
  for (const Value& each : *names) {
    const auto tool = reading.tools.find(each);
    if (!tool) continue;
    const Tool& named = reading.made.tools[*tool];
    if (!named.inline_tool) {
      each.error(in_quotes(named.name) + " is not an inline tool", "tools with \"inline\"");
      continue;
    }
    const auto [group, fresh] = reading.grouped.try_emplace(*tool, each.path());
    if (!fresh) each.error(in_quotes(named.name) + " is in a group already: " + group->second);
    if (named.inline_tool->failure != FailureAction{}) {
      each.error("what becomes of sessions where " + in_quotes(named.name) + " fails is its group's affair",
                 "on_failure and open_sessions with the group, not with the member");
    }
    made.push_back(*tool);
  }
}

}  // namespace

void read_group(const Value& value, ToolGroup& made, Reading& reading) {
  auto section = Section::open(value);
  if (!section) return;
  if (const auto members =
          section->require("members", "members: [ips1, ips2], the tools that share the sessions"))
    read_members(*members, Value::ListForm::kList, made.members, reading);
  if (const auto spares = section->take("spares"))
    read_members(*spares, Value::ListForm::kListOrEmpty, made.spares, reading);
  if (made.members.size() + made.spares.size() > kGroupMost) value.error("a group has at most 64 tools");
  if (const auto least = section->take("min_healthy")) {
    const auto most = std::max<std::size_t>(made.members.size(), 1);
    const auto number = least->number("how many members have to work", 1, most);
    made.min_healthy = static_cast<std::uint32_t>(number.value_or(1));
  }
  read_failure(*section, made.failure, reading);
  section->finish();
}

}  // namespace limpid::config
