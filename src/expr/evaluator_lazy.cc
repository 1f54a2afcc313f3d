// CASE, COALESCE, AND, OR: each branch is evaluated for the rows that reach it and no other, so
// that `CASE WHEN x <> 0 THEN 1 / x END` cannot fail; and strings once per dictionary entry instead
// of once per row.
#include <algorithm>
#include <numeric>
#include <vector>

#include "column/column_builder.h"
#include "column/string_dictionary.h"
#include "expr/program.h"

namespace velo {
namespace {

/// Results of larger dictionaries are not kept: they would be copied whenever one grows.
constexpr uint32_t kEntriesMax = 1 << 16;

/// Puts pieces of a column, each with the rows it is for, together in row order. Every row is put
/// once.
class Pieces {
 public:
  Pieces(Type type, size_t rows) : type_(std::move(type)), rows_(rows) {}

  void put(Selection rows, ColumnPtr piece) {
    filled_ += rows.size();
    parts_.push_back({std::move(rows), std::move(piece)});
  }

  ColumnPtr finish() {
    CHECK(filled_ == rows_);
    if (parts_.size() == 1) return std::move(parts_[0].values);
    switch (type_.physical()) {
      case Physical::kBool:
        return scatter<uint8_t>();
      case Physical::kInt64:
      case Physical::kDouble:
        return scatter<uint64_t>();
      case Physical::kInt128:
        return scatter<int128_t>();
      case Physical::kString:
        return scatter<StringRef>();
      default:
        return gather_parts();
    }
  }

 private:
  struct Part {
    Selection rows;
    ColumnPtr values;
  };

  template <typename T>
  ColumnPtr scatter() {
    KernelOutput out(type_, rows_);
    T* to = out.values<T>();
    for (Part& part : parts_) {
      if (part.values->encoding() == Encoding::kDictionary) part.values = flatten(part.values);
      const Values<T> from(*part.values);
      for (size_t i = 0; i < part.rows.size(); ++i) to[part.rows[i]] = from[i];
      if constexpr (std::is_same_v<T, StringRef>) out.share(*part.values);
      if (!part.values->may_have_nulls()) continue;
      for (size_t i = 0; i < part.rows.size(); ++i) {
        if (part.values->is_null(i)) out.set_null(part.rows[i]);
      }
    }
    return out.finish();
  }

  ColumnPtr gather_parts() {
    std::vector<ColumnPtr> columns;
    std::vector<uint32_t> where(rows_, 0);  // row → place in the concatenated parts
    uint32_t place = 0;
    for (const Part& part : parts_) {
      for (const uint32_t row : part.rows) where[row] = place++;
      columns.push_back(part.values);
    }
    return gather(concat(columns), where);
  }

  Type type_;
  size_t rows_;
  size_t filled_ = 0;
  std::vector<Part> parts_;
};

Selection all_rows(size_t rows) {
  Selection all(rows);
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

/// Splits `rows` by a condition over them: TRUE to `yes`, FALSE and NULL stay in `rows`.
void split(const Column& condition, Selection* rows, Selection* yes) {
  Selection chosen;
  select_true(condition, &chosen);
  yes->clear();
  size_t next = 0;
  size_t kept = 0;
  for (size_t i = 0; i < rows->size(); ++i) {
    if (next < chosen.size() && chosen[next] == i) {
      yes->push_back((*rows)[i]);
      ++next;
    } else {
      (*rows)[kept++] = (*rows)[i];
    }
  }
  rows->resize(kept);
}

/// Few instructions per row: not worth picking rows for.
bool is_cheap(const Expr& expr) {
  if (expr.type().physical() == Physical::kString || expr.type().is_nested())
    return expr.args().empty();
  const bool simple = expr.args().empty() || expr.kind() == ExprKind::kAnd ||
                      expr.kind() == ExprKind::kOr || expr.kind() == ExprKind::kField ||
                      (expr.kind() == ExprKind::kCall && expr.function().has(kCheap));
  return simple && std::all_of(expr.args().begin(), expr.args().end(),
                               [](const ExprPtr& arg) { return is_cheap(*arg); });
}

/// A CASE of numbers or times whose parts cost less than picking rows for them.
bool can_blend(const Expr& expr) {
  const Physical physical = expr.type().physical();
  if (physical != Physical::kInt64 && physical != Physical::kDouble) return false;
  return std::all_of(expr.args().begin(), expr.args().end(),
                     [](const ExprPtr& arg) { return !arg->can_fail() && is_cheap(*arg); });
}

/// Values of eight bytes that are put together from the last branch of a CASE to the first.
class Blend {
 public:
  explicit Blend(size_t rows)
      : rows_(rows),
        values_(Buffer::allocate(rows * sizeof(uint64_t))),
        valid_(Buffer::allocate(bitmap_words(rows) * sizeof(uint64_t))) {}

  /// The value where no condition is TRUE.
  void start(const Column& value) {
    chosen_.assign(rows_, 1);
    put(value);
  }
  void put(const Column& condition, const Column& value) {
    chosen_.assign(condition.values<uint8_t>(), condition.values<uint8_t>() + rows_);
    if (condition.may_have_nulls()) {
      for (size_t row = 0; row < rows_; ++row) chosen_[row] &= condition.is_null(row) ? 0 : 1;
    }
    put(value);
  }
  ColumnPtr finish(const Type& type) {
    return Column::flat(type, rows_, std::move(values_), nulls_ ? std::move(valid_) : nullptr);
  }

 private:
  void put(const Column& value) {
    uint64_t* __restrict to = values_->as<uint64_t>();
    const uint8_t* __restrict chosen = chosen_.data();
    if (value.is_flat()) {
      const uint64_t* __restrict from = value.values<uint64_t>();
      for (size_t row = 0; row < rows_; ++row) to[row] = chosen[row] ? from[row] : to[row];
    } else {
      const uint64_t from = value.base()->values<uint64_t>()[0];
      for (size_t row = 0; row < rows_; ++row) to[row] = chosen[row] ? from : to[row];
    }
    put_validity(value);
  }
  void put_validity(const Column& value) {
    if (!nulls_ && !value.may_have_nulls()) return;
    uint64_t* const valid = valid_->as<uint64_t>();
    if (!nulls_) std::fill_n(valid, bitmap_words(rows_), ~uint64_t{0});
    nulls_ = true;
    const bool by_row = value.is_flat() && value.validity() != nullptr;
    const uint64_t same = value.may_have_nulls() && value.is_null(0) ? 0 : ~uint64_t{0};
    for (size_t word = 0; word < bitmap_words(rows_); ++word) {
      uint64_t mask = 0;
      const size_t end = std::min(rows_, word * 64 + 64);
      for (size_t row = word * 64; row < end; ++row) {
        mask |= static_cast<uint64_t>(chosen_[row]) << (row % 64);
      }
      valid[word] = (valid[word] & ~mask) | ((by_row ? value.validity()[word] : same) & mask);
    }
  }

  size_t rows_;
  std::shared_ptr<Buffer> values_;
  std::shared_ptr<Buffer> valid_;
  bool nulls_ = false;
  std::vector<uint8_t> chosen_;
};

}  // namespace

ColumnPtr Evaluator::Program::run_blend(Node& node, Frame& frame) {
  Blend blend(frame.rows());
  const size_t whens = node.args.size() - 1;
  blend.start(*run(node.args[whens], frame));
  for (size_t i = whens; i > 0; i -= 2) {
    const ColumnPtr condition = flatten(run(node.args[i - 2], frame));
    blend.put(*condition, *run(node.args[i - 1], frame));
  }
  return blend.finish(node.expr->type());
}

ColumnPtr Evaluator::Program::run_case(Node& node, Frame& frame) {
  if (can_blend(*node.expr)) return run_blend(node, frame);
  Pieces pieces(node.expr->type(), frame.rows());
  Selection open = all_rows(frame.rows());
  Selection yes;
  const size_t whens = node.args.size() - 1;
  for (size_t i = 0; i < whens && !open.empty(); i += 2) {
    const bool everything = open.size() == frame.rows();
    if (everything) {
      split(*run(node.args[i], frame), &open, &yes);
    } else {
      Frame rest(frame, open);
      split(*run(node.args[i], rest), &open, &yes);
    }
    if (yes.empty()) continue;
    if (yes.size() == frame.rows()) return run(node.args[i + 1], frame);
    Frame branch(frame, yes);
    pieces.put(yes, run(node.args[i + 1], branch));
  }
  if (open.size() == frame.rows()) return run(node.args[whens], frame);
  if (!open.empty()) {
    Frame branch(frame, open);
    pieces.put(open, run(node.args[whens], branch));
  }
  return pieces.finish();
}

ColumnPtr Evaluator::Program::run_coalesce(Node& node, Frame& frame) {
  Pieces pieces(node.expr->type(), frame.rows());
  Selection open = all_rows(frame.rows());
  for (size_t i = 0; i < node.args.size() && !open.empty(); ++i) {
    const bool everything = open.size() == frame.rows();
    Frame rest = everything ? Frame(frame) : Frame(frame, open);
    ColumnPtr value = run(node.args[i], rest);
    const bool last = i + 1 == node.args.size();
    if (everything && (last || !value->may_have_nulls())) return value;
    Selection valid;   // local to `rest`
    Selection filled;  // rows of `frame`
    size_t kept = 0;
    for (size_t k = 0; k < open.size(); ++k) {
      if (last || !value->is_null(k)) {
        valid.push_back(static_cast<uint32_t>(k));
        filled.push_back(open[k]);
      } else {
        open[kept++] = open[k];
      }
    }
    if (!filled.empty()) {
      pieces.put(filled, valid.size() == value->size() ? value : gather(value, valid));
    }
    open.resize(kept);
  }
  return pieces.finish();
}

namespace {

/// a AND b, a OR b by Kleene's tables, over flat columns of the same length.
ColumnPtr combine(const Column& a, const Column& b, bool is_and) {
  const size_t rows = a.size();
  KernelOutput out(Type::boolean(), rows);
  uint8_t* __restrict to = out.values<uint8_t>();
  const Values<uint8_t> x(a);
  const Values<uint8_t> y(b);
  if (!a.may_have_nulls() && !b.may_have_nulls()) {
    if (a.is_flat() && b.is_flat()) {
      const uint8_t* px = x.data();
      const uint8_t* py = y.data();
      if (is_and) {
        for (size_t row = 0; row < rows; ++row) to[row] = px[row] & py[row];
      } else {
        for (size_t row = 0; row < rows; ++row) to[row] = px[row] | py[row];
      }
    } else {
      for (size_t row = 0; row < rows; ++row) to[row] = is_and ? x[row] & y[row] : x[row] | y[row];
    }
    return out.finish();
  }
  const uint8_t decisive = is_and ? 0 : 1;
  for (size_t row = 0; row < rows; ++row) {
    const bool x_null = a.is_null(row);
    const bool y_null = b.is_null(row);
    if ((!x_null && x[row] == decisive) || (!y_null && y[row] == decisive)) {
      to[row] = decisive;
    } else if (x_null || y_null) {
      out.set_null(row);
    } else {
      to[row] = 1 - decisive;
    }
  }
  return out.finish();
}

/// Rows that the left side of AND or OR leaves open.
Selection undecided(const Column& left, bool is_and) {
  const uint8_t decisive = is_and ? 0 : 1;
  const Values<uint8_t> x(left);
  Selection open;
  for (size_t row = 0; row < left.size(); ++row) {
    if (left.is_null(row) || x[row] != decisive) open.push_back(static_cast<uint32_t>(row));
  }
  return open;
}

}  // namespace

ColumnPtr Evaluator::Program::run_logical(Node& node, Frame& frame, bool is_and) {
  const Expr& right = *node.expr->arg(1);
  const ColumnPtr left = run(node.args[0], frame);
  if (!right.can_fail() && is_cheap(right))
    return combine(*left, *run(node.args[1], frame), is_and);
  const Selection open = undecided(*left, is_and);
  if (open.empty()) return left;
  const bool few = open.size() < frame.rows() / 4;
  if (open.size() == frame.rows() || (!right.can_fail() && !few)) {
    return combine(*left, *run(node.args[1], frame), is_and);
  }
  Frame rest(frame, open);
  const ColumnPtr answer = run(node.args[1], rest);
  // Rows that the left side decided keep its value.
  KernelOutput out(Type::boolean(), frame.rows());
  std::fill_n(out.values<uint8_t>(), frame.rows(), static_cast<uint8_t>(is_and ? 0 : 1));
  const ColumnPtr both = combine(*gather(left, open), *answer, is_and);
  for (size_t i = 0; i < open.size(); ++i) {
    if (both->is_null(i)) {
      out.set_null(open[i]);
    } else {
      out.values<uint8_t>()[open[i]] = both->bool_at(i) ? 1 : 0;
    }
  }
  return out.finish();
}

ColumnPtr Evaluator::Program::run_field(Node& node, Frame& frame) {
  return field_of(*run(node.args[0], frame), node.expr->index());
}

/// Evaluates the node over the entries that are new in the dictionary, and over NULL the first
/// time.
void Evaluator::Program::grow_entries(Node& node, const Column& column,
                                      EvaluationContext& context) {
  const StringDictionary& dictionary = *column.entries();
  EntryResults& done = node.entries;
  if (done.dictionary != dictionary.identity()) done = EntryResults{};
  const size_t read = static_cast<size_t>(node.string_column);
  auto evaluate = [&](ColumnPtr strings, RowErrors* errors) {
    Batch batch;
    batch.rows = strings->size();
    batch.columns.assign(read + 1, nullptr);
    batch.columns[read] = std::move(strings);
    Frame frame(batch, context, errors, memo_slots);
    return flatten(run_fresh(node, frame));
  };
  if (done.dictionary == 0) {
    RowErrors errors;
    done.dictionary = dictionary.identity();
    done.of_null = evaluate(flatten(Column::nulls(column.type(), 1)), &errors);
    if (!errors.empty()) done.null_failed = std::make_unique<RowError>(errors.raw()[0]);
  }
  const uint32_t fresh = dictionary.size() - done.size;
  if (fresh == 0) return;
  ColumnBuilder strings(column.type(), fresh);
  for (uint32_t i = done.size; i < dictionary.size(); ++i)
    strings.append_string(dictionary.at(i).view());
  RowErrors errors;
  ColumnPtr values = evaluate(strings.finish(), &errors);
  for (const RowError& error : errors.raw()) done.failed.emplace(done.size + error.row, error);
  const ColumnPtr parts[] = {done.values, values};
  done.values = done.values ? concat(parts) : std::move(values);
  done.size = dictionary.size();
}

ColumnPtr Evaluator::Program::run_entries(Node& node, Frame& frame) {
  const ColumnPtr column = frame.column(static_cast<size_t>(node.string_column));
  if (column->encoding() != Encoding::kDictionary) return nullptr;
  const uint32_t size = column->entries()->size();
  const bool known = node.entries.dictionary == column->entries()->identity();
  const uint32_t fresh = size - (known ? node.entries.size : 0);
  if (fresh > frame.rows() || size > kEntriesMax) return nullptr;
  if (fresh > 0 || !known) grow_entries(node, *column, frame.context());

  const EntryResults& done = node.entries;
  const uint32_t* indices = column->indices();
  const size_t rows = column->size();
  if (!done.failed.empty() || done.null_failed) {
    for (size_t row = 0; row < rows; ++row) {
      const RowError* error = nullptr;
      if (column->is_null(row)) {
        error = done.null_failed.get();
      } else if (const auto at = done.failed.find(indices[row]); at != done.failed.end()) {
        error = &at->second;
      }
      if (error != nullptr) frame.sink().add(row, error->code, error->message);
    }
  }
  if (!column->may_have_nulls()) return gather(done.values, std::span(indices, rows));
  std::vector<ColumnPtr> parts;
  if (done.values) parts.push_back(done.values);
  parts.push_back(done.of_null);
  std::vector<uint32_t> where(indices, indices + rows);
  for (size_t row = 0; row < rows; ++row) {
    if (column->is_null(row)) where[row] = size;
  }
  return gather(concat(parts), where);
}

}  // namespace velo
