// The log line of one finished session: key=value pairs in a fixed order, values quoted where they need it,
// whatever a peer put into them. And the row that `limpid sessions --all` shows of it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "control/reports.h"

namespace limpid::tls {
struct SessionRecord;
}  // namespace limpid::tls

namespace limpid::control {

/// `session decision=decrypt rule=rest client=… server=… host="…" … reason=none`, without a line break.
std::string session_line(const SessionRow& row);
/// `value` as it is where it is plain, else in double quotes with \", \\ and \xNN: one line, printable, and
/// never mistaken for another key.
std::string quoted(std::string_view value);

}  // namespace limpid::control
