// Text of peers made fit for a terminal or a log: what could move the cursor, change colours, turn the
// writing direction or hide itself is shown as an escape. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace limpid::control {

/// Valid, visible UTF-8 stays; every other byte becomes \xNN.
std::string printable(std::string_view text);
/// The same, and `"` and `\` escaped too: what stands between double quotes.
std::string escaped(std::string_view text);
/// Columns that printable text takes (one for each code point).
std::size_t columns(std::string_view printable_text);
/// Printable text cut to so many columns, the last of them an ellipsis where something was cut.
std::string shortened(std::string_view printable_text, std::size_t columns_max);

}  // namespace limpid::control
