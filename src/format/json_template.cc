#include "format/json_template.h"

#include <cstring>
#include <utility>

namespace velo {
namespace {

constexpr uint32_t kBehindMost = 16;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// As BatchAssembler counts them.
size_t leaves_of(const Type& type) {
  if (type.kind() != TypeKind::kRow) return 1;
  size_t leaves = 0;
  for (const Type& field : type.children()) leaves += leaves_of(field);
  return leaves;
}

size_t rows_of(const Type& type) {
  size_t rows = type.kind() == TypeKind::kRow ? 1 : 0;
  for (const Type& child : type.children()) rows += rows_of(child);
  return rows;
}

Type record_type(const Schema& schema) {
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const Field& field : schema.fields()) {
    names.push_back(field.name);
    types.push_back(field.type);
  }
  return Type::row(std::move(names), std::move(types));
}

/// One pass over the record, one FastField per piece between commas.
class Learner {
 public:
  Learner(std::string_view text, const Schema& projected, FastLayout* layout)
      : text_(text), record_(record_type(projected)), layout_(*layout) {
    next_ = {&record_, 0};
  }

  bool run() {
    layout_ = {};
    while (at_ < text_.size()) {
      if (!step()) return false;
    }
    if (!end_field(text_.size())) return false;
    layout_.stride = static_cast<uint32_t>(layout_.fields.size());
    for (size_t leaf = 0; leaf < leaves_of(record_); ++leaf) {
      size_t found = 0;
      for (const FastField& field : layout_.fields) found += field.column == static_cast<int>(leaf);
      if (found > 1) return false;
      if (found == 0) layout_.absent.push_back(leaf);
    }
    return entered_ == rows_of(record_);
  }

 private:
  /// A declared ROW, and the first of its leaves.
  struct Row {
    const Type* type = nullptr;
    size_t leaf = 0;
  };

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
        if (column_ >= 0) return false;  // a projected scalar with a nested value
        if (next_.type != nullptr && c == '[') return false;
        entered_ += next_.type != nullptr ? 1 : 0;
        rows_.push_back(std::exchange(next_, {}));
        containers_.push_back(c);
        expects_key_ = c == '{';
        ++at_;
        return true;
      case '}':
      case ']':
        if (containers_.empty()) return false;
        containers_.pop_back();
        rows_.pop_back();
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
    if (rows_.empty() || rows_.back().type == nullptr) return true;
    if (key.find('\\') != std::string_view::npos) return false;
    look_up(key, rows_.back());
    return true;
  }

  /// What the key's value is for: a leaf, a ROW, or nothing.
  void look_up(std::string_view key, const Row& row) {
    size_t leaf = row.leaf;
    for (size_t i = 0; i < row.type->children().size(); ++i) {
      const Type& type = row.type->children()[i];
      if (row.type->field_names()[i] != key) {
        leaf += leaves_of(type);
      } else if (type.kind() == TypeKind::kRow) {
        next_ = {&type, leaf};
        return;
      } else {
        column_ = static_cast<int>(leaf);
        return;
      }
    }
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
    if (value_end_ != 0 || containers_.empty() || next_.type != nullptr) return false;
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
  const Type record_;
  FastLayout& layout_;
  std::vector<Row> rows_;  // one per container; those that are no declared ROW have no type
  Row next_;               // what the next object is
  size_t entered_ = 0;     // declared ROWs whose objects have begun
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
