// The repository's own text, for the tests that check its rules: files, their lines, and their lines without
// comments and literals. Read from the working directory, which is the repository's root.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace limpid::architecture {

struct SourceFile {
  std::string path;  // from the root: "dataplane/tcp/endpoint.cc"
  std::vector<std::string> lines;
  std::vector<std::string> code;  // the same lines; what stands in comments and literals is blank. C++ only.

  std::string folder() const;     // "dataplane/tcp"
  std::string extension() const;  // ".cc"
  bool is_cpp() const;
};

/// Every text file below the folders of the project, sorted by path. Read once.
const std::vector<SourceFile>& source_tree();

/// Null where there is none.
const SourceFile* find_file(std::string_view path);

/// "path:line: " for messages; `index` counts from 0.
std::string at(const SourceFile& file, std::size_t index);

/// Blanks comments, string and character literals; keeps the number of lines.
std::vector<std::string> without_comments(const std::vector<std::string>& lines);

/// Columns as an editor counts them: code points.
std::size_t columns(std::string_view line);

/// The path between the quotes or angle brackets of an #include; empty where the line is none.
struct Include {
  std::string path;
  bool angled = false;
};
Include include_of(std::string_view line);

}  // namespace limpid::architecture
