#include "plan/field_reads.h"

#include <algorithm>

namespace velo {
namespace {

/// Whether `inner` is `outer` or lies in it.
bool is_inside(const Expr& inner, const Expr& outer) {
  for (const Expr* at = &inner;; at = at->arg(0).get()) {
    if (*at == outer) return true;
    if (at->kind() != ExprKind::kField) return false;
  }
}

/// The fields' names from the column inwards.
std::vector<std::string> path_of(const Expr& field) {
  std::vector<std::string> path;
  for (const Expr* at = &field; at->kind() == ExprKind::kField; at = at->arg(0).get()) {
    path.insert(path.begin(), at->name());
  }
  return path;
}

/// What of `type` the paths lead to, each beginning at `depth`.
Type with_paths(const Type& type, const std::vector<std::vector<std::string>>& paths,
                size_t depth) {
  std::vector<std::string> names;
  std::vector<Type> types;
  for (size_t i = 0; i < type.children().size(); ++i) {
    const std::string& name = type.field_names()[i];
    std::vector<std::vector<std::string>> inner;
    bool whole = false;
    for (const std::vector<std::string>& path : paths) {
      if (path[depth] != name) continue;
      whole |= path.size() == depth + 1;
      inner.push_back(path);
    }
    if (inner.empty()) continue;
    names.push_back(name);
    types.push_back(whole ? type.children()[i] : with_paths(type.children()[i], inner, depth + 1));
  }
  return Type::row(std::move(names), std::move(types));
}

int place_of(const Type& row, const std::string& name) {
  const std::vector<std::string>& names = row.field_names();
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

}  // namespace

const Expr* column_of_field(const Expr& expr) {
  const Expr* at = &expr;
  while (at->kind() == ExprKind::kField) at = at->arg(0).get();
  return at->kind() == ExprKind::kColumn ? at : nullptr;
}

bool FieldReads::has(size_t column) const {
  return std::binary_search(columns_.begin(), columns_.end(), column);
}

void FieldReads::add(size_t column) {
  const auto at = std::lower_bound(columns_.begin(), columns_.end(), column);
  if (at != columns_.end() && *at == column) return;
  columns_.insert(at, column);
  std::erase_if(fields_,
                [&](const ExprPtr& field) { return column_of_field(*field)->index() == column; });
}

void FieldReads::add_field(const ExprPtr& field) {
  if (has(column_of_field(*field)->index())) return;
  const bool known = std::any_of(fields_.begin(), fields_.end(),
                                 [&](const ExprPtr& f) { return is_inside(*field, *f); });
  if (known) return;
  std::erase_if(fields_, [&](const ExprPtr& f) { return is_inside(*f, *field); });
  fields_.push_back(field);
}

void FieldReads::add(const ExprPtr& expr) {
  if (expr->kind() == ExprKind::kColumn) {
    add(expr->index());
  } else if (expr->kind() == ExprKind::kField && column_of_field(*expr) != nullptr) {
    add_field(expr);
  } else {
    for (const ExprPtr& arg : expr->args()) add(arg);
  }
}

void FieldReads::add(const FieldReads& other) {
  for (const size_t column : other.columns_) add(column);
  for (const ExprPtr& field : other.fields_) add_field(field);
}

Type narrowed(const Type& type, size_t column, const FieldReads& reads) {
  std::vector<std::vector<std::string>> paths;
  for (const ExprPtr& field : reads.fields()) {
    if (column_of_field(*field)->index() == column) paths.push_back(path_of(*field));
  }
  return paths.empty() ? type : with_paths(type, paths, 0);
}

Type widest(const Type& whole, const Type& a, const Type& b) {
  if (a == b || a == whole) return a;
  if (b == whole) return b;
  std::vector<std::string> names;
  std::vector<Type> types;
  for (size_t i = 0; i < whole.children().size(); ++i) {
    const std::string& name = whole.field_names()[i];
    const int in_a = place_of(a, name);
    const int in_b = place_of(b, name);
    if (in_a < 0 && in_b < 0) continue;
    const Type& of_a = a.children()[static_cast<size_t>(std::max(in_a, 0))];
    const Type& of_b = b.children()[static_cast<size_t>(std::max(in_b, 0))];
    names.push_back(name);
    types.push_back(in_a < 0 ? of_b : in_b < 0 ? of_a : widest(whole.children()[i], of_a, of_b));
  }
  return Type::row(std::move(names), std::move(types));
}

ExprPtr over_columns(const ExprPtr& expr, const std::vector<ExprPtr>& by) {
  if (const Expr* column = column_of_field(*expr)) {
    ExprPtr made = by[column->index()];
    for (const std::string& name : path_of(*expr)) made = make_field(made, name).value();
    return made;
  }
  std::vector<ExprPtr> args;
  for (const ExprPtr& arg : expr->args()) args.push_back(over_columns(arg, by));
  return with_args(expr, std::move(args));
}

}  // namespace velo
