#include "format/json_template.h"

#include <cstring>

namespace velo {
namespace {

constexpr uint32_t kBehindMost = 16;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// One pass over the record, one FastField per piece between commas.
class Learner {
 public:
  Learner(std::string_view text, const Schema& projected, FastLayout* layout)
      : text_(text), projected_(projected), layout_(*layout) {}

  bool run() {
    layout_ = {};
    while (at_ < text_.size()) {
      if (!step()) return false;
    }
    if (!end_field(text_.size())) return false;
    layout_.stride = static_cast<uint32_t>(layout_.fields.size());
    for (size_t column = 0; column < projected_.size(); ++column) {
      size_t found = 0;
      for (const FastField& field : layout_.fields)
        found += field.column == static_cast<int>(column);
      if (found > 1) return false;
      if (found == 0) layout_.absent.push_back(column);
    }
    return true;
  }

 private:
  bool step() {
    const char c = text_[at_];
    if (is_blank(c) || c == ':') {
      expects_key_ = expects_key_ && c != ':';
      ++at_;
      return true;
    }
    switch (c) {
      case '{':
      case '[':
        if (column_ >= 0) return false;  // a projected column with a nested value
        containers_.push_back(c);
        expects_key_ = c == '{';
        ++at_;
        return true;
      case '}':
      case ']':
        if (containers_.empty()) return false;
        containers_.pop_back();
        ++at_;
        return true;
      case ',':
        if (containers_.empty() || !end_field(at_)) return false;
        expects_key_ = containers_.back() == '{';
        begin_ = ++at_;
        return true;
      default: return c == '"' ? step_string() : step_bare();
    }
  }

  bool step_string() {
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) return false;
    if (!expects_key_) return take_value(end + 1, true);
    const std::string_view key = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (containers_.size() != 1) return true;
    if (key.find('\\') != std::string_view::npos) return false;
    column_ = projected_.index_of(key);
    return true;
  }

  bool step_bare() {
    size_t end = at_;
    while (end < text_.size() && !is_blank(text_[end]) &&
           std::strchr(",:{}[]\"", text_[end]) == nullptr) {
      ++end;
    }
    return take_value(end, false);
  }

  bool take_value(size_t end, bool quoted) {
    if (value_end_ != 0 || containers_.empty()) return false;
    value_begin_ = at_ + (quoted ? 1 : 0);
    value_end_ = end - (quoted ? 1 : 0);
    quoted_ = quoted;
    value_column_ = column_;
    column_ = -1;
    at_ = end;
    return true;
  }

  bool end_field(size_t end) {
    FastField field;
    field.index = static_cast<uint32_t>(layout_.fields.size());
    field.column = value_end_ == 0 ? -1 : value_column_;
    field.quoted = quoted_;
    field.valueless = value_end_ == 0;
    const size_t before_end = field.valueless ? end : value_begin_;
    const size_t behind_begin = field.valueless ? end : value_end_;
    if (column_ >= 0 || before_end - begin_ > FieldLiteral::kMost ||
        end - behind_begin > kBehindMost) {
      return false;
    }
    set(&field.before, text_.substr(begin_, before_end - begin_));
    set(&field.behind, text_.substr(behind_begin, end - behind_begin));
    layout_.fields.push_back(field);
    value_end_ = 0;
    quoted_ = false;
    return true;
  }

  static void set(FieldLiteral* literal, std::string_view text) {
    literal->size = static_cast<uint32_t>(text.size());
    std::memcpy(literal->bytes, text.data(), text.size());
  }

  std::string_view text_;
  const Schema& projected_;
  FastLayout& layout_;
  std::string containers_;
  size_t at_ = 0;
  size_t begin_ = 0;        // of the field
  size_t value_begin_ = 0;
  size_t value_end_ = 0;    // 0: the field has had no value yet
  bool quoted_ = false;
  bool expects_key_ = false;
  int column_ = -1;         // of the key that waits for its value
  int value_column_ = -1;
};

}  // namespace

bool learn_json_layout(std::string_view record, const Schema& projected, FastLayout* layout) {
  return Learner(record, projected, layout).run();
}

}  // namespace velo
