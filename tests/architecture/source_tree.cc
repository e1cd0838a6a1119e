#include "tests/architecture/source_tree.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

namespace limpid::architecture {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> kFolders{"config", "control", "dataplane", "docs",
                                                   "policy", "tests",   "tls_proxy"};
constexpr std::array<std::string_view, 9> kExtensions{".h",  ".cc",  ".def",  ".py",   ".sh",
                                                      ".md", ".txt", ".yaml", ".cmake"};

bool wanted(const fs::path& path) {
  const std::string extension = path.extension().string();
  const bool is_corpus = path.string().find("/corpus/") != std::string::npos;
  return !is_corpus && std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

SourceFile read(const fs::path& path) {
  SourceFile file;
  file.path = path.string();
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) file.lines.push_back(line);
  file.code = file.is_cpp() ? without_comments(file.lines) : file.lines;
  return file;
}

std::vector<SourceFile> read_tree() {
  std::vector<SourceFile> files;
  for (const std::string_view folder : kFolders) {
    if (!fs::exists(folder)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file() && wanted(entry.path())) files.push_back(read(entry.path()));
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

/// Walks C++ text character by character and blanks what is not code.
class Blanker {
 public:
  std::string line(std::string_view text) {
    std::string out(text.size(), ' ');
    for (std::size_t i = 0; i < text.size();) i = step(text, i, out);
    if (state_ == State::kLineComment) state_ = State::kCode;
    return out;
  }

 private:
  enum class State { kCode, kLineComment, kBlockComment, kRawString };

  std::size_t step(std::string_view text, std::size_t i, std::string& out) {
    const std::string_view rest = text.substr(i);
    if (state_ == State::kLineComment) return text.size();
    if (state_ == State::kBlockComment) return skip_to("*/", text, i);
    if (state_ == State::kRawString) return skip_to(raw_end_, text, i);
    if (rest.starts_with("//")) {
      state_ = State::kLineComment;
      return text.size();
    }
    if (rest.starts_with("/*")) {
      state_ = State::kBlockComment;
      return i + 2;
    }
    if (rest.starts_with("R\"")) {
      const std::size_t open = rest.find('(');
      if (open != std::string_view::npos) {
        raw_end_ = ")" + std::string(rest.substr(2, open - 2)) + "\"";
        state_ = State::kRawString;
        return i + open + 1;
      }
    }
    if (text[i] == '"') return skip_literal(text, i);
    // A quote inside a number (16'384) is a separator.
    const bool separator = i > 0 && std::isalnum(static_cast<unsigned char>(text[i - 1])) != 0;
    if (text[i] == '\'' && !separator) return skip_literal(text, i);
    out[i] = text[i];
    return i + 1;
  }

  std::size_t skip_to(std::string_view end, std::string_view text, std::size_t i) {
    const std::size_t found = text.find(end, i);
    if (found == std::string_view::npos) return text.size();
    state_ = State::kCode;
    return found + end.size();
  }

  static std::size_t skip_literal(std::string_view text, std::size_t i) {
    const char quote = text[i];
    for (++i; i < text.size() && text[i] != quote; ++i) {
      if (text[i] == '\\') ++i;
    }
    return std::min(i + 1, text.size());
  }

  State state_ = State::kCode;
  std::string raw_end_;
};

}  // namespace

std::string SourceFile::folder() const { return fs::path(path).parent_path().string(); }
std::string SourceFile::extension() const { return fs::path(path).extension().string(); }
bool SourceFile::is_cpp() const { return extension() == ".h" || extension() == ".cc"; }

const std::vector<SourceFile>& source_tree() {
  static const std::vector<SourceFile> kTree = read_tree();
  return kTree;
}

const SourceFile* find_file(std::string_view path) {
  const std::vector<SourceFile>& tree = source_tree();
  const auto found =
      std::find_if(tree.begin(), tree.end(), [&](const SourceFile& file) { return file.path == path; });
  return found == tree.end() ? nullptr : &*found;
}

std::string at(const SourceFile& file, std::size_t index) {
  return file.path + ":" + std::to_string(index + 1) + ": ";
}

std::vector<std::string> without_comments(const std::vector<std::string>& lines) {
  Blanker blanker;
  std::vector<std::string> code;
  code.reserve(lines.size());
  for (const std::string& line : lines) code.push_back(blanker.line(line));
  return code;
}

std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(
      line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

Include include_of(std::string_view line) {
  constexpr std::string_view kDirective = "#include ";
  if (!line.starts_with(kDirective)) return {};
  line.remove_prefix(kDirective.size());
  if (line.size() < 2 || (line.front() != '"' && line.front() != '<')) return {};
  const bool angled = line.front() == '<';
  const std::size_t end = line.find(angled ? '>' : '"', 1);
  if (end == std::string_view::npos) return {};
  return {std::string(line.substr(1, end - 1)), angled};
}

}  // namespace limpid::architecture
