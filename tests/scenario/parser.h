// Reads scripts (see README.md for the notation). Pure, but for load(), which reads a folder.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/scenario/script.h"

namespace limpid::scenario {

/// what() is "file:line: what is wrong".
class ParseError final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct SourceText {
  std::string file;
  std::string text;
};

/// The scripts of all files. What one file defines, the files behind it may use. Throws ParseError.
std::vector<Script> parse(const std::vector<SourceText>& sources);

/// Every `.tcp` file of a folder, `moves.tcp` first. Throws ParseError.
std::vector<Script> load(const std::string& folder);

}  // namespace limpid::scenario
