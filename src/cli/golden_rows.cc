#include "cli/golden_rows.h"

#include <algorithm>
#include <map>

#include "base/fmt.h"
#include "column/scalar.h"
#include "operator/change_kinds.h"

namespace velo {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool needs_quotes(std::string_view text) {
  if (text.empty() || text == "NULL") return true;
  if (text.front() == ' ' || text.back() == ' ' || text.front() == '#') return true;
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == ',' || c == '"' || is_control(c); });
}

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') {
      out += "\"\"";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_control(c)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_value(std::string& out, const Column& column, size_t row) {
  if (column.is_null(row)) {
    out += "NULL";
  } else if (column.type().is_string()) {
    const std::string_view text = column.string_at(row);
    needs_quotes(text) ? append_quoted(out, text) : void(out += text);
  } else {
    append_text(out, column, row);
  }
}

/// +1, −1, or 0 for a line without a change kind.
int weight_of(std::string_view row) {
  if (row.starts_with("+I ") || row.starts_with("+U ")) return 1;
  return row.starts_with("-U ") || row.starts_with("-D ") ? -1 : 0;
}

}  // namespace

void append_golden_rows(const Batch& batch, bool changing, const std::vector<size_t>& key,
                        std::vector<std::string>& out) {
  const Batch rows =
      changing ? with_change_kinds(batch, with_op(batch.schema), key) : batch;
  for (size_t row = 0; row < rows.rows; ++row) {
    std::string line;
    for (size_t c = 0; c < rows.columns.size(); ++c) {
      if (c > 0) line.push_back(changing && c == 1 ? ' ' : ',');
      append_value(line, *rows.columns[c], row);
    }
    out.push_back(std::move(line));
  }
}

std::vector<std::string> fold_rows(const std::vector<std::string>& rows) {
  std::map<std::string, int64_t> weights;
  for (const std::string& row : rows) {
    const int weight = weight_of(row);
    weights[weight == 0 ? row : row.substr(3)] += weight == 0 ? 1 : weight;
  }
  std::vector<std::string> left;
  for (const auto& [row, weight] : weights) {
    for (int64_t i = 0; i < weight; ++i) left.push_back(row);
    for (int64_t i = weight; i < 0; ++i) left.push_back("-D " + row);
  }
  return left;
}

std::vector<std::string> in_order(std::vector<std::string> rows, RowOrder order) {
  if (order == RowOrder::kFolded) return fold_rows(rows);
  if (order == RowOrder::kSorted) std::sort(rows.begin(), rows.end());
  return rows;
}

std::string diff_lines(const std::vector<std::string>& expected,
                       const std::vector<std::string>& actual) {
  // Longest common subsequence by the textbook table; golden blocks are short.
  const size_t n = expected.size();
  const size_t m = actual.size();
  std::vector<std::vector<uint32_t>> length(n + 1, std::vector<uint32_t>(m + 1));
  for (size_t i = n; i-- > 0;) {
    for (size_t j = m; j-- > 0;) {
      length[i][j] = expected[i] == actual[j]
                         ? length[i + 1][j + 1] + 1
                         : std::max(length[i + 1][j], length[i][j + 1]);
    }
  }
  std::string out;
  size_t i = 0;
  size_t j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && expected[i] == actual[j]) {
      out += "   " + expected[i] + "\n";
      ++i, ++j;
    } else if (j == m || (i < n && length[i + 1][j] >= length[i][j + 1])) {
      out += " - " + expected[i++] + "\n";
    } else {
      out += " + " + actual[j++] + "\n";
    }
  }
  return out;
}

}  // namespace velo
