// Host patterns of rules, and host names of ClientHellos, in their normal form. Pure functions.
//
//   a.example       that name and nothing else
//   *.bank.example  every name below bank.example at any depth; not bank.example itself
//   *               every name (a ClientHello without SNI has none)
//
// Names compare without regard to ASCII case and to one trailing dot. Internationalised names are compared
// as they stand on the wire, in their "xn--" form: nothing is converted.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace limpid::policy {

inline constexpr std::size_t kHostBytesMax = 253;  // RFC 1035 §2.3.4, written without the trailing dot

/// Lower case, without the trailing dot. The error is a sentence for the operator.
Result<std::string, std::string> normalize_pattern(std::string_view text);

/// The same for a name that a client sent, into the caller's memory (at least kHostBytesMax bytes). Nullopt
/// where it is no host name a pattern could match: empty, too long, or with an empty label. Allocates
/// nothing.
std::optional<std::string_view> normalize_host(std::string_view host, char* into);

/// One pattern against one name, both in normal form. What the pattern database answers for all at once.
bool matches(std::string_view pattern, std::string_view host);

/// Any of the patterns against a name as a client sent it.
bool any_matches(const std::vector<std::string>& patterns, std::string_view sent);

/// Every name that `narrow` matches, `wide` matches as well. A pattern includes itself, and a name is a
/// pattern.
bool includes(std::string_view wide, std::string_view narrow);

}  // namespace limpid::policy
