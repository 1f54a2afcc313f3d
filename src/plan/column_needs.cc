#include "plan/column_needs.h"

#include <algorithm>

namespace velo {

void Needs::pass(const Needs& above, size_t columns) {
  for (const size_t column : above.columns()) {
    if (column < columns) add(column);
  }
  for (const ExprPtr& field : above.reads.fields()) {
    if (column_of_field(*field)->index() < columns) add(field);
  }
}

Needs whole_columns(const Needs& needs) {
  Needs whole = needs;
  for (const ExprPtr& field : needs.reads.fields()) whole.add(column_of_field(*field)->index());
  return whole;
}

Needs needs_all(const std::vector<size_t>& columns) {
  Needs needs;
  for (const size_t column : columns) needs.add(column);
  return needs;
}

ExprPtr carry(const ExprPtr& expr, const Pruned& to) {
  if (to.fields.empty()) return remap_columns(expr, to.at);
  for (const MovedField& moved : to.fields) {
    if (*moved.field == *expr) return moved.column;
  }
  if (expr->kind() == ExprKind::kColumn) return remap_columns(expr, to.at);
  std::vector<ExprPtr> args;
  for (const ExprPtr& arg : expr->args()) args.push_back(carry(arg, to));
  return with_args(expr, std::move(args));
}

std::vector<ExprPtr> carry_all(const std::vector<ExprPtr>& exprs, const Pruned& to) {
  std::vector<ExprPtr> out;
  for (const ExprPtr& expr : exprs) out.push_back(carry(expr, to));
  return out;
}

namespace {

/// These columns of a plan, in that order.
PlanPtr chosen(const PlanPtr& plan, const std::vector<size_t>& columns) {
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (const size_t column : columns) {
    exprs.push_back(column_of(*plan, column));
    names.push_back((*plan->schema)[column].name);
  }
  return make_project(plan, std::move(exprs), std::move(names), plan->span);
}

}  // namespace

PlanPtr exactly(const Pruned& pruned, const std::vector<size_t>& columns) {
  bool same = columns.size() == pruned.plan->schema->size();
  std::vector<size_t> places;
  for (size_t i = 0; i < columns.size(); ++i) {
    places.push_back(pruned.at[columns[i]]);
    same = same && places[i] == i;
  }
  return same ? pruned.plan : chosen(pruned.plan, places);
}

namespace {

/// What waits for a watermark names its time; if it does not, any may be meant.
void keep_a_time(const PlanNode& plan, std::vector<bool>* read) {
  std::vector<bool> with_times = *read;
  for (size_t c = 0; c < read->size(); ++c) {
    if (!plan.traits[c].event_time && plan.traits[c].window != WindowRole::kEnd) continue;
    if ((*read)[c]) return;
    with_times[c] = true;
  }
  *read = with_times;
}

}  // namespace

Pruned narrowed(Pruned pruned, const Needs& needs) {
  const PlanNode& plan = *pruned.plan;
  std::vector<bool> read(plan.schema->size(), false);
  const auto note = [&read](const ExprPtr& expr) {
    std::vector<size_t> columns;
    collect_columns(*expr, &columns);
    for (const size_t column : columns) read[column] = true;
  };
  for (const size_t column : needs.columns()) read[pruned.at[column]] = true;
  for (const ExprPtr& field : needs.reads.fields()) note(carry(field, pruned));
  if (needs.watermark) keep_a_time(plan, &read);
  for (const size_t key : plan.changelog.key) read[key] = true;
  std::vector<size_t> columns;
  std::vector<size_t> place(read.size(), 0);
  for (size_t c = 0; c < read.size(); ++c) {
    if (!read[c]) continue;
    place[c] = columns.size();
    columns.push_back(c);
  }
  if (columns.size() == read.size() || columns.empty()) return pruned;
  std::erase_if(pruned.fields, [&](const MovedField& moved) {
    std::vector<size_t> of;
    collect_columns(*moved.column, &of);
    return std::any_of(of.begin(), of.end(), [&](size_t column) { return !read[column]; });
  });
  for (MovedField& moved : pruned.fields) moved.column = remap_columns(moved.column, place);
  for (size_t& at : pruned.at) at = at < place.size() ? place[at] : 0;  // of what is not read: any
  pruned.plan = chosen(pruned.plan, columns);
  return pruned;
}

}  // namespace velo
