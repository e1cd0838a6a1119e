// What is told of one flow: its line in the log, and its row in `limpid sessions`. Pure.
#pragma once

#include <string>
#include <string_view>

#include "control/reports.h"

namespace limpid::tls {
struct SessionRecord;
}  // namespace limpid::tls

namespace limpid::control {

/// "session decision=decrypt rule=rest client=… server=… host=… …": key=value in a fixed order, without a
/// line break. What is not known is left out; reason and culprit are there when something went wrong.
std::string session_line(const tls::SessionRecord& record);

/// `segment` is the name of its segment. The state of a live flow is the caller's to fill in.
SessionRow session_row(const tls::SessionRecord& record, std::string_view segment);

/// "Na:Nb:Ta:Tb" from the states of both legs ("EST", "SYN_RCV", …).
std::string session_state(std::string_view client_leg, std::string_view server_leg,
                          std::string_view tool_leg_a = "INIT", std::string_view tool_leg_b = "INIT");

/// `value` as it is where it is plain, else in double quotes with \", \\ and \xNN: one line, printable, and
/// never mistaken for another key. "" where it is empty.
std::string quoted(std::string_view value);

}  // namespace limpid::control
