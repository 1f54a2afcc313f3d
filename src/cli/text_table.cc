#include "cli/text_table.h"

#include <algorithm>

#include "base/fmt.h"
#include "column/scalar.h"

namespace velo {
namespace {

/// Control characters would break the table; they are shown as escapes.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

void append_padded(std::string& out, std::string_view text, size_t width, bool right) {
  const size_t letters = display_width(text);
  const size_t blanks = width > letters ? width - letters : 0;
  if (right) out.append(blanks, ' ');
  out += text;
  if (!right) out.append(blanks, ' ');
}

void end_line(std::string& out) {
  while (!out.empty() && out.back() == ' ') out.pop_back();
  out.push_back('\n');
}

}  // namespace

size_t display_width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

TextTable::TextTable(SchemaPtr schema) : schema_(std::move(schema)) {
  for (const Field& field : schema_->fields()) {
    widths_.push_back(display_width(field.name));
    right_.push_back(field.type.is_numeric());
  }
}

void TextTable::add(const Batch& batch) {
  for (size_t row = 0; row < batch.rows; ++row) {
    std::vector<std::string>& cells = waiting_.emplace_back();
    for (size_t c = 0; c < batch.columns.size(); ++c) {
      std::string text = "NULL";
      if (!batch.columns[c]->is_null(row)) {
        text.clear();
        append_text(text, *batch.columns[c], row);
        text = shown(text);
      }
      widths_[c] = std::max(widths_[c], display_width(text));
      cells.push_back(std::move(text));
    }
  }
  rows_ += batch.rows;
}

void TextTable::append_header(std::string& out) const {
  for (size_t c = 0; c < widths_.size(); ++c) {
    out += c == 0 ? " " : " | ";
    append_padded(out, (*schema_)[c].name, widths_[c], false);
  }
  end_line(out);
  for (size_t c = 0; c < widths_.size(); ++c) {
    if (c > 0) out.push_back('+');
    out.append(widths_[c] + 2, '-');
  }
  out.push_back('\n');
}

std::string TextTable::render() {
  std::string out;
  if (!header_written_) append_header(out);
  header_written_ = true;
  for (const std::vector<std::string>& cells : waiting_) {
    for (size_t c = 0; c < cells.size(); ++c) {
      out += c == 0 ? " " : " | ";
      append_padded(out, cells[c], widths_[c], right_[c]);
    }
    end_line(out);
  }
  waiting_.clear();
  return out;
}

}  // namespace velo
