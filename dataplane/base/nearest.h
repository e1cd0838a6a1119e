// "did you mean …?": the nearest of the words that would have been right. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace limpid {

/// How many letters must be put in, taken out, replaced or swapped with their neighbour. Words beyond 64
/// letters are as far apart as they can be.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// `did you mean "decrypt"?`, or nothing where no candidate is near, or several are equally so.
std::string nearest_hint(std::string_view given, const std::vector<std::string>& candidates);

}  // namespace limpid
