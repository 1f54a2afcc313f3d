// Steps: lines are cut into directives; each directive's handler reads its words and takes the
// lines that belong to it (up to a blank line).
#include "cli/golden_file.h"

#include <charconv>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "base/options.h"
#include "column/time_text.h"

namespace velo {
namespace {

constexpr std::string_view kExpectationMark = "----";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

bool is_blank(std::string_view line) { return trimmed(line).empty(); }

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  size_t at = 0;
  while (at < line.size()) {
    if (line[at] == ' ' || line[at] == '\t') {
      ++at;
      continue;
    }
    size_t end = line.find_first_of(" \t", at);
    if (line[at] == '"') {  // the rest up to the last quote is one word
      end = line.rfind('"');
      if (end == at) end = line.size();
      words.emplace_back(line.substr(at + 1, end - at - 1));
      return words;
    }
    if (end == std::string_view::npos) end = line.size();
    words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::optional<uint32_t> number_of(std::string_view text) {
  uint32_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

class GoldenReader {
 public:
  GoldenReader(const std::string& path, std::string_view text) {
    file_.path = path;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      file_.text.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  Result<GoldenFile> read() {
    while (at_ < file_.text.size()) {
      const std::string_view line = trimmed(file_.text[at_]);
      if (line.empty() || line[0] == '#') {
        ++at_;
        continue;
      }
      words_ = words_of(line);
      word_ = 1;
      step_ = GoldenStep();
      step_.line = ++at_;
      TRY(read_directive());
    }
    return std::move(file_);
  }

 private:
  using Handler = Status (GoldenReader::*)();
  struct Directive {
    std::string_view name;
    GoldenKind kind;
    Handler read;
  };
  static const Directive kDirectives[];

  Error error(std::string message) const {
    Place place;
    place.source = file_.path;
    place.line = static_cast<uint32_t>(step_.line);
    return Error(ErrorCode::kSyntax, std::move(message)).at(place);
  }
  bool more() const { return word_ < words_.size(); }
  const std::string& next() { return words_[word_++]; }
  bool accept(std::string_view word) {
    if (!more() || words_[word_] != word) return false;
    ++word_;
    return true;
  }
  Status nothing_more() {
    if (!more()) return {};
    return error(fmt::format("'{}': unexpected '{}'", words_[0], words_[word_]));
  }
  std::string rest_of_line() {
    std::string rest;
    while (more()) rest += (rest.empty() ? "" : " ") + next();
    return rest;
  }

  Status read_directive();
  Status keep() {
    file_.steps.push_back(std::move(step_));
    return {};
  }

  /// Lines up to a blank one, as they are.
  std::vector<std::string> take_lines() {
    std::vector<std::string> lines;
    while (at_ < file_.text.size() && !is_blank(file_.text[at_])) {
      lines.push_back(file_.text[at_++]);
    }
    return lines;
  }
  /// Lines up to a blank one, comments left out.
  GoldenLines take_expected() {
    GoldenLines expected;
    expected.begin = at_;
    for (; at_ < file_.text.size() && !is_blank(file_.text[at_]); ++at_) {
      std::string_view line = file_.text[at_];
      if (line.starts_with("#")) continue;
      while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
      expected.lines.emplace_back(line);
    }
    expected.end = at_;
    return expected;
  }
  void take_sql() {
    while (at_ < file_.text.size() && !is_blank(file_.text[at_])) {
      const std::string& line = file_.text[at_++];
      if (trimmed(line) == kExpectationMark) {
        step_.expected = take_expected();
        return;
      }
      if (!step_.text.empty()) step_.text.push_back('\n');
      step_.text += line;
    }
  }

  void read_order() {
    if (accept("nosort")) step_.order = RowOrder::kAsIs;
    if (accept("rowsort")) step_.order = RowOrder::kSorted;
    if (accept("fold")) step_.order = RowOrder::kFolded;
  }
  Status read_partition() {
    if (!accept("partition")) return {};
    if (more()) step_.partition = number_of(next());
    if (!step_.partition) return error("'partition' needs a number");
    return {};
  }
  Status read_name(std::string_view what) {
    if (!more()) return error(fmt::format("'{}' needs {}", words_[0], what));
    step_.name = next();
    return {};
  }
  Status read_error_words() {
    GoldenError expected;
    if (more() && number_of(words_[word_])) expected.code = static_cast<int>(*number_of(next()));
    if (accept("at")) {
      const std::string place = more() ? next() : "";
      const size_t colon = place.find(':');
      const auto line = number_of(std::string_view(place).substr(0, colon));
      if (!line) return error("'at' needs LINE:COLUMN");
      expected.line = *line;
      if (colon != std::string::npos) {
        expected.column = number_of(std::string_view(place).substr(colon + 1)).value_or(0);
      }
    }
    if (more()) expected.text = next();
    step_.error = std::move(expected);
    return nothing_more();
  }

  Status read_statement() {
    if (accept("error")) {
      TRY(read_error_words());
    } else if (!accept("ok")) {
      return error("'statement' is followed by 'ok' or 'error'");
    }
    TRY(nothing_more());
    take_sql();
    return keep();
  }
  Status read_query() {
    read_order();
    query_order_ = step_.order;
    if (accept("error")) TRY(read_error_words());
    TRY(nothing_more());
    take_sql();
    if (step_.text.empty()) return error("'query' without SQL below it");
    return keep();
  }
  Status read_input() {
    TRY(read_name("a table"));
    TRY(read_partition());
    TRY(nothing_more());
    step_.lines = take_lines();
    return keep();
  }
  Status read_output() {
    step_.order = query_order_;
    read_order();
    if (more()) step_.name = next();
    read_order();
    TRY(nothing_more());
    step_.expected = take_expected();
    return keep();
  }
  Status read_watermark() {
    TRY(read_name("a table"));
    TRY(read_partition());
    return read_time();
  }
  Status read_time() {
    const std::string text = rest_of_line();
    if (text.starts_with("+")) {
      const std::optional<int64_t> duration = parse_duration_us(text.substr(1));
      if (!duration) return error(fmt::format("'{}' is no length of time", text));
      step_.relative = true;
      step_.time_us = *duration;
      return keep();
    }
    const std::optional<int64_t> time = parse_timestamp(text, true);
    if (!time) return error(fmt::format("'{}' is no time", text));
    step_.time_us = *time;
    return keep();
  }
  Status read_end() {
    if (more()) step_.name = next();
    TRY(read_partition());
    TRY(nothing_more());
    return keep();
  }
  Status read_error() {
    TRY(read_error_words());
    return keep();
  }
  Status read_text() {
    step_.text = rest_of_line();
    return keep();
  }
  Status read_nothing() {
    TRY(nothing_more());
    return keep();
  }
  Status read_warnings() {
    TRY(nothing_more());
    step_.expected = take_expected();
    return keep();
  }
  Status read_write() {
    TRY(read_name("a path"));
    step_.lines = take_lines();
    return keep();
  }
  Status read_read() {
    TRY(read_name("a path"));
    read_order();
    step_.expected = take_expected();
    return keep();
  }
  Status read_skip() {
    if (!accept("because") || !more()) return error("'skip because REASON'");
    file_.skip_reason = rest_of_line();
    return {};
  }
  Status read_ways();

  GoldenFile file_;
  size_t at_ = 0;  // next line, from 0
  std::vector<std::string> words_;
  size_t word_ = 0;
  GoldenStep step_;
  RowOrder query_order_ = RowOrder::kAsIs;  // for its outputs
};

const GoldenReader::Directive GoldenReader::kDirectives[] = {
    {"statement", GoldenKind::kStatement, &GoldenReader::read_statement},
    {"query", GoldenKind::kQuery, &GoldenReader::read_query},
    {"input", GoldenKind::kInput, &GoldenReader::read_input},
    {"output", GoldenKind::kOutput, &GoldenReader::read_output},
    {"watermark", GoldenKind::kWatermark, &GoldenReader::read_watermark},
    {"clock", GoldenKind::kClock, &GoldenReader::read_time},
    {"checkpoint", GoldenKind::kCheckpoint, &GoldenReader::read_nothing},
    {"restart", GoldenKind::kRestart, &GoldenReader::read_nothing},
    {"end", GoldenKind::kEnd, &GoldenReader::read_end},
    {"error", GoldenKind::kError, &GoldenReader::read_error},
    {"stats", GoldenKind::kStats, &GoldenReader::read_text},
    {"warnings", GoldenKind::kWarnings, &GoldenReader::read_warnings},
    {"schema", GoldenKind::kSchema, &GoldenReader::read_text},
    {"write", GoldenKind::kWrite, &GoldenReader::read_write},
    {"read", GoldenKind::kRead, &GoldenReader::read_read},
    {"ways", GoldenKind::kStatement, &GoldenReader::read_ways},
    {"skip", GoldenKind::kStatement, &GoldenReader::read_skip},
};

Status GoldenReader::read_directive() {
  std::vector<std::string_view> names;
  for (const Directive& directive : kDirectives) {
    if (directive.name == words_[0]) {
      step_.kind = directive.kind;
      return (this->*directive.read)();
    }
    names.push_back(directive.name);
  }
  return error(fmt::format("no directive '{}'", words_[0]))
      .with_hint(did_you_mean(words_[0], names));
}

/// `ways batch=1024,3 parallelism=1 restore=no because REASON`
Status GoldenReader::read_ways() {
  while (more() && words_[word_] != "because") {
    const std::string word = next();
    const size_t equal = word.find('=');
    const std::string name = word.substr(0, equal);
    if (word == "restore=no") {
      file_.ways.restore = false;
      continue;
    }
    if (equal == std::string::npos || (name != "batch" && name != "parallelism")) {
      return error(fmt::format("'ways': unexpected '{}'", word));
    }
    std::vector<size_t> numbers;
    std::string_view list = std::string_view(word).substr(equal + 1);
    while (true) {
      const size_t comma = std::min(list.find(','), list.size());
      const auto number = number_of(list.substr(0, comma));
      if (!number || *number == 0) return error(fmt::format("'ways': '{}' lists no numbers", word));
      numbers.push_back(*number);
      if (comma == list.size()) break;
      list.remove_prefix(comma + 1);
    }
    if (name == "batch") {
      file_.ways.batch_rows = numbers;
    } else {
      file_.ways.parallelism.assign(numbers.begin(), numbers.end());
    }
  }
  if (!accept("because") || !more()) return error("'ways' needs a reason: because …");
  return {};
}

}  // namespace

Result<GoldenFile> parse_golden_file(const std::string& path, std::string_view text) {
  return GoldenReader(path, text).read();
}

}  // namespace velo
