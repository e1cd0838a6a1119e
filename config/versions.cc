#include "config/versions.h"

#include <vector>

namespace limpid::config {

namespace {

const std::vector<std::string>& version_words() {
  static const std::vector<std::string> kWords = {"ssl3", "tls1.0", "tls1.1", "tls1.2", "tls1.3"};
  return kWords;
}
const std::vector<std::string>& below_words() {
  static const std::vector<std::string> kWords = {"block", "pass", "decrypt"};
  return kWords;
}
const std::vector<std::string>& ssl2_words() {
  static const std::vector<std::string> kWords = {"pass", "block"};
  return kWords;
}

constexpr std::uint16_t kOldest = 0x0300;

std::string word(std::uint16_t version) { return version_words()[std::size_t{version} - kOldest]; }

using Bound = std::optional<std::uint16_t>;

void read_bounds(Section& section, Bound& min, Bound& max) {
  const auto read = [&](std::string_view key, Bound& into) {
    const auto given = section.take(key);
    const auto number = given ? given->one_of("a version", version_words()) : std::nullopt;
    if (number) into = static_cast<std::uint16_t>(kOldest + *number);
  };
  read("min", min);
  read("max", max);
}

void read_leg(const std::optional<Value>& value, Bound& min, Bound& max) {
  auto section = value ? Section::open(*value) : std::nullopt;
  if (!section) return;
  read_bounds(*section, min, max);
  section->finish();
}

template <typename Choice>
void read_choice(const std::optional<Value>& value, const std::vector<std::string>& words,
                 std::optional<Choice>& into) {
  const auto number = value ? value->one_of("a decision", words) : std::nullopt;
  if (number) into = static_cast<Choice>(*number);
}

/// "min: tls1.2, max: tls1.3"; empty where there is neither.
std::string bounds_text(const Bound& min, const Bound& max) {
  std::string text = min ? "min: " + word(*min) : "";
  if (max) text += (text.empty() ? "max: " : ", max: ") + word(*max);
  return text;
}

}  // namespace

policy::VersionChanges read_versions(const Value& value) {
  policy::VersionChanges made;
  auto section = Section::open(value);
  if (!section) return made;
  read_bounds(*section, made.client_min, made.client_max);
  made.server_min = made.client_min;
  made.server_max = made.client_max;
  read_leg(section->take("client"), made.client_min, made.client_max);
  read_leg(section->take("server"), made.server_min, made.server_max);
  read_choice(section->take("below_minimum"), below_words(), made.below_minimum);
  read_choice(section->take("ssl2_hello"), ssl2_words(), made.ssl2_hello);
  section->finish();
  return made;
}

void check_versions(const Value& value, const policy::VersionPolicy& made, const std::string& whose) {
  if (made.client.min > made.client.max || made.server.min > made.server.max)
    return value.error(whose + "\"min\" is above \"max\"", "min, then max");
  if (made.client.min > made.server.max) {
    value.error(whose + "no server can have what clients must have",
                "a minimum of the client leg that is not above the maximum of the server leg");
  }
}

std::string versions_text(const policy::VersionPolicy& versions) {
  return versions_text(policy::VersionChanges{versions.client.min, versions.client.max, versions.server.min,
                                              versions.server.max, versions.below_minimum,
                                              versions.ssl2_hello});
}

std::string versions_text(const policy::VersionChanges& versions) {
  std::string text;
  const auto add = [&text](const std::string& more) {
    if (!more.empty()) text += (text.empty() ? "" : ", ") + more;
  };
  const std::string client = bounds_text(versions.client_min, versions.client_max);
  const std::string server = bounds_text(versions.server_min, versions.server_max);
  if (client == server) {
    add(client);
  } else {
    if (!client.empty()) add("client: { " + client + " }");
    if (!server.empty()) add("server: { " + server + " }");
  }
  if (versions.below_minimum)
    add("below_minimum: " + below_words()[static_cast<std::size_t>(*versions.below_minimum)]);
  if (versions.ssl2_hello) add("ssl2_hello: " + ssl2_words()[static_cast<std::size_t>(*versions.ssl2_hello)]);
  return "{ " + text + " }";
}

}  // namespace limpid::config
