// LineSplitter: the lines of one direction of a text protocol, out of bytes that are cut anywhere. A line
// that arrives whole is not copied. With literals (RFC 9051 §4.3, RFC 5804 §4) "{5}" at the end of a line
// announces bytes that are no lines: they are left out, and so is what follows them in the same command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/bytes.h"

namespace limpid::tls {

class LineSplitter {
 public:
  enum class Literals : std::uint8_t { kNo, kYes };
  enum class Took : std::uint8_t {
    kLine,
    kNothing,  // `rest` is used up; the beginning of a line is kept
    kTooLong,
  };
  static constexpr std::size_t kLineMax = 8'192;

  explicit LineSplitter(Literals literals = Literals::kNo) : literals_(literals) {}

  /// Takes a line off the front of `rest`, without its end (LF or CR LF). It is valid until the next call.
  Took next(Bytes& rest, std::string_view& line);

 private:
  Took next_raw(Bytes& rest, std::string_view& line);
  bool announces_literal(std::string_view line);

  Literals literals_;
  std::string part_;         // of a line whose end has not come
  bool part_told_ = false;   // it was a whole line, and has been handed out
  bool in_command_ = false;  // a literal has come: what follows belongs to the line before it
  std::size_t literal_ = 0;  // bytes of it that are still to come
};

}  // namespace limpid::tls
