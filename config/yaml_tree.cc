#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <sstream>
#include <utility>

namespace limpid::config {

namespace {

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column) + 1};
}

/// Thrown through yaml-cpp by the builder below, to end the parse.
struct Refusal {
  YamlError error;
};

/// Builds the tree from yaml-cpp's events; refuses at once what a configuration may not hold.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) {}

  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true)) {
      refuse(mark, "a second document begins here (\"---\")", "a configuration is one document");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add({.kind = YamlNode::Kind::kNull, .place = place_of(mark)}, mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases (\"*name\") are not allowed", "write the value out; quote it if it begins with *");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (tag == kQuotedTag && !ends_its_quote(mark)) refuse(mark, "the closing quote is missing");
    add({.kind = YamlNode::Kind::kScalar, .place = place_of(mark), .text = value}, mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  [[noreturn]] static void refuse(const YAML::Mark& mark, std::string what, std::string hint = "") {
    throw Refusal{{place_of(mark), std::move(what), std::move(hint)}};
  }
  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(mark, "anchors (\"&name\") are not allowed", "write the value out");
  }
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != kPlainTag && tag != kQuotedTag)
      refuse(mark, "tags (\"!name\") are not allowed");
  }

  /// yaml-cpp 0.7 takes a line break at the end of the file for a closing quote.
  bool ends_its_quote(const YAML::Mark& mark) const {
    const auto begin = static_cast<std::size_t>(mark.pos);
    if (begin >= text_.size()) return true;
    const char quote = text_[begin];
    if (quote != '"' && quote != '\'') return true;  // a block of text
    for (std::size_t at = begin + 1; at < text_.size(); ++at) {
      if (quote == '"' && text_[at] == '\\') {
        ++at;
      } else if (text_[at] == quote) {
        const bool doubled = quote == '\'' && at + 1 < text_.size() && text_[at + 1] == quote;
        if (!doubled) return true;
        ++at;
      }
    }
    return false;
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (open_.size() >= kYamlDepthMax) refuse(mark, "lists and maps are nested too deeply");
    open_.push_back(add({.kind = kind, .place = place_of(mark)}, mark));
  }

  /// Only the innermost open node grows, so that pointers to the outer ones stay good.
  YamlNode* add(YamlNode node, const YAML::Mark& mark) {
    if (++nodes_ > kYamlNodesMax) refuse(mark, "the file holds too many values");
    if (open_.empty()) {
      root_ = std::move(node);
      return &root_;
    }
    open_.back()->children.push_back(std::move(node));
    return &open_.back()->children.back();
  }

  static constexpr std::string_view kPlainTag = "?";
  static constexpr std::string_view kQuotedTag = "!";

  std::string_view text_;
  YamlNode root_;
  std::vector<YamlNode*> open_;
  std::size_t nodes_ = 0;
  bool started_ = false;
};

struct Sentence {
  std::string_view theirs;  // how a message of yaml-cpp begins
  std::string_view what;
  std::string_view hint;
};

// What yaml-cpp says, and what an operator can use. The first that fits.
constexpr std::array kSentences = {
    Sentence{"illegal tab", "a tab stands in the indentation", "indent with spaces"},
    Sentence{"end of map not found", "this line does not belong to the block before it",
             "compare its indentation with the lines above, and look for a missing \":\""},
    Sentence{"end of sequence not found", "this line does not belong to the list before it",
             "compare its indentation with the \"-\" above"},
    Sentence{"end of map flow not found", "the \"}\" is missing", ""},
    Sentence{"end of sequence flow not found", "the \"]\" is missing", ""},
    Sentence{"illegal map value", "a \":\" is not possible here",
             "quote the value if it contains \": \", and compare the indentation"},
    Sentence{"illegal map key", "a key is not possible here", "compare the indentation"},
    Sentence{"illegal block entry", "a \"-\" is not possible here", "compare the indentation"},
    Sentence{"illegal flow end", "a closing bracket has no opening one", ""},
    Sentence{"illegal EOF in scalar", "the closing quote is missing", ""},
    Sentence{"illegal document indicator in scalar", "the closing quote is missing", ""},
    Sentence{"illegal character in scalar", "this character must be quoted", ""},
    Sentence{"unknown escape character", "this is not an escape sequence",
             "use 'single quotes' for text with a backslash"},
    Sentence{"bad character found while scanning hex number", "this is not an escape sequence", ""},
    Sentence{"invalid unicode", "this is not a character of Unicode", ""},
    Sentence{"illegal block scalar", "a block of text is indented wrongly", ""},
    Sentence{"the referenced anchor is not defined", "aliases (\"*name\") are not allowed",
             "quote the value if it begins with *"},
    Sentence{"illegal character found while scanning alias", "aliases (\"*name\") are not allowed",
             "quote the value if it begins with *"},
    Sentence{"illegal character found while scanning anchor", "anchors (\"&name\") are not allowed", ""},
    Sentence{"alias", "aliases (\"*name\") are not allowed", "quote the value if it begins with *"},
    Sentence{"anchor not found after &", "a value cannot begin with \"&\" unless it is quoted", ""},
    Sentence{"anchor", "anchors (\"&name\") are not allowed", "write the value out"},
    Sentence{"cannot assign multiple anchors", "anchors (\"&name\") are not allowed", "write the value out"},
    Sentence{"cannot assign multiple tags", "tags (\"!name\") are not allowed", ""},
    Sentence{"tag", "tags (\"!name\") are not allowed", ""},
    Sentence{"bad depth", "lists and maps are nested too deeply", ""},
    Sentence{"unknown token", "this character cannot begin a value", "quote the value"},
};

YamlError translated(const YAML::Exception& exception) {
  const Place place = place_of(exception.mark);
  for (const Sentence& sentence : kSentences) {
    if (std::string_view(exception.msg).starts_with(sentence.theirs)) {
      return {place, std::string(sentence.what), std::string(sentence.hint)};
    }
  }
  return {place, "this is not YAML", "compare the line with the ones around it"};
}

/// A tab looks like spaces and is none: whatever is wrong with its line, that is worth saying.
bool indented_by_tab(std::string_view text, std::uint32_t line) {
  for (; line > 1 && !text.empty(); --line) text.remove_prefix(std::min(text.size(), text.find('\n') + 1));
  return text.substr(0, text.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

/// How many bytes the UTF-8 character at the front has; 0: it is none, or one that no text file holds.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80U) return first >= 0x20U || first == '\n' || first == '\t' || first == '\r' ? 1 : 0;
  const std::size_t size = first >= 0xf0U ? 4 : first >= 0xe0U ? 3 : 2;
  if (first < 0xc2U || first > 0xf4U || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  if ((first == 0xe0U && byte(1) < 0xa0U) || (first == 0xedU && byte(1) >= 0xa0U)) return 0;
  if ((first == 0xf0U && byte(1) < 0x90U) || (first == 0xf4U && byte(1) >= 0x90U)) return 0;
  return size;
}

std::optional<YamlError> character_error(std::string_view text) {
  Place place{1, 1};
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) return YamlError{place, "this is not text in UTF-8", "is it the right file?"};
    place = text[0] == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
    text.remove_prefix(size);
  }
  return std::nullopt;
}

}  // namespace

Result<YamlNode, YamlError> parse_yaml(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (auto error = character_error(text)) return Failure{std::move(*error)};
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(text);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take_root();
  } catch (const Refusal& refusal) {
    return Failure{refusal.error};
  } catch (const YAML::Exception& exception) {
    YamlError error = translated(exception);
    if (indented_by_tab(text, error.place.line)) error.hint = "indent with spaces: a tab begins this line";
    return Failure{std::move(error)};
  } catch (const std::exception&) {
    // What is left: out of memory, or a defect of the library.
    return Failure{YamlError{{}, "the YAML library could not read the file", ""}};
  }
}

}  // namespace limpid::config
