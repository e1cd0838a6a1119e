#include "dataplane/tool/group_status.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/base/keyed_hash.h"

namespace limpid::tool {

GroupStatus::GroupStatus(std::vector<const HealthBoard*> members, std::vector<const HealthBoard*> spares,
                         std::size_t least_healthy, OnFailure on_failure)
    : members_(std::move(members)),
      spares_(std::move(spares)),
      least_healthy_(least_healthy),
      on_failure_(on_failure) {
  LIMPID_CHECK(!members_.empty() && tools() <= kToolsMax, "a group of no tools, or of too many");
}

/// visit(place, the number of the tool that serves it). Spares are given out in order, so that everybody
/// gives them out alike.
template <typename Visit>
void GroupStatus::visit_places(const Visit& visit) const {
  std::size_t spare = 0;
  for (std::size_t place = 0; place < members_.size(); ++place) {
    if (members_[place]->usable()) {
      visit(place, place);
      continue;
    }
    while (spare < spares_.size() && !spares_[spare]->usable()) ++spare;
    if (spare < spares_.size()) visit(place, members_.size() + spare++);
  }
}

std::size_t GroupStatus::served() const {
  std::size_t count = 0;
  visit_places([&count](std::size_t, std::size_t) { ++count; });
  return count;
}

std::size_t GroupStatus::required() const {
  const auto out = static_cast<std::size_t>(std::count_if(
      members_.begin(), members_.end(), [](const HealthBoard* each) { return !each->serves(); }));
  return out >= least_healthy_ ? 1 : least_healthy_ - out;
}

GroupStatus::Way GroupStatus::way() const {
  if (served() >= required()) return Way::kThrough;
  const bool by_hand =
      std::none_of(members_.begin(), members_.end(), [](const HealthBoard* each) { return each->serves(); });
  return by_hand ? Way::kPast : Way::kFailed;
}

std::optional<std::size_t> GroupStatus::choose(std::uint64_t flow_hash, Tried tried) const {
  std::optional<std::size_t> chosen;
  std::uint64_t highest = 0;
  visit_places([&](std::size_t place, std::size_t tool) {
    if ((tried >> tool & 1U) != 0) return;
    const std::uint64_t weight = fold(flow_hash ^ kOdd1, (place + 1) * kOdd2 ^ flow_hash);
    if (chosen && weight <= highest) return;
    highest = weight;
    chosen = tool;
  });
  return chosen;
}

}  // namespace limpid::tool
