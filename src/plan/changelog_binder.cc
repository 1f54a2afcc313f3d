// TO_CHANGELOG and FROM_CHANGELOG in FROM, as Flink has them.
#include <algorithm>

#include "base/fmt.h"
#include "base/letters.h"
#include "base/nearest_name.h"
#include "plan/join_binder.h"
#include "plan/plan_build.h"
#include "plan/query_binder.h"

namespace velo {
namespace {

/// Flink's names of the kinds of change, in the order of +I, -U, +U, -D.
constexpr std::string_view kKinds[] = {"INSERT", "UPDATE_BEFORE", "UPDATE_AFTER", "DELETE"};
constexpr std::string_view kSigns[] = {"+I", "-U", "+U", "-D"};
constexpr size_t kUpdateBefore = 1;
constexpr size_t kUpdateAfter = 2;
constexpr size_t kDelete = 3;

/// A key and a value of op_mapping.
struct Mapped {
  std::string key;
  std::string value;
  SourceSpan key_span;
  SourceSpan value_span;
};

/// The parts of 'c, r'.
std::vector<std::string> parts_of(std::string_view list) {
  std::vector<std::string> parts;
  while (true) {
    const size_t comma = list.find(',');
    std::string_view part = list.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

/// One call of either function.
class ChangelogBinder {
 public:
  ChangelogBinder(BindSession& session, const ast::ChangelogTable& table, SourceSpan span)
      : session_(session), table_(table), span_(span) {}

  Result<PlanPtr> to(const BoundRelation& input);
  Result<PlanPtr> from(const BoundRelation& input);

 private:
  std::string_view function() const { return table_.from ? "FROM_CHANGELOG" : "TO_CHANGELOG"; }
  Result<std::vector<Mapped>> mapping() const;
  Result<size_t> kind_of(const std::string& name, SourceSpan span) const;
  Result<std::vector<size_t>> partition(const BoundRelation& input) const;
  Result<size_t> op_column(const BoundRelation& input) const;
  PlanPtr columns_of(const PlanPtr& plan, const std::vector<size_t>& columns) const;

  BindSession& session_;
  const ast::ChangelogTable& table_;
  SourceSpan span_;
};

Result<std::vector<Mapped>> ChangelogBinder::mapping() const {
  std::vector<Mapped> pairs;
  const auto* map = table_.op_mapping->as<ast::MapValue>();
  const auto text = [&](const ast::Expr& expr) -> const std::string* {
    const auto* literal = expr.as<ast::Literal>();
    return literal != nullptr && literal->kind == ast::LiteralKind::kString ? &literal->text
                                                                            : nullptr;
  };
  for (size_t i = 0; map != nullptr && i + 1 < map->entries.size(); i += 2) {
    const std::string* key = text(map->entries[i]);
    const std::string* value = text(map->entries[i + 1]);
    if (key == nullptr || value == nullptr) {
      pairs.clear();
      break;
    }
    for (const std::string& part : parts_of(*key)) {
      pairs.push_back({part, *value, map->entries[i].span, map->entries[i + 1].span});
    }
  }
  if (!pairs.empty()) return pairs;
  return session_
      .error(ErrorCode::kInvalidStatement,
             fmt::format("op_mapping of {} is a MAP of strings", function()),
             table_.op_mapping->span)
      .with_hint(table_.from ? "MAP['c, r', 'INSERT', 'd', 'DELETE']"
                             : "MAP['INSERT', 'I', 'DELETE', 'D']");
}

Result<size_t> ChangelogBinder::kind_of(const std::string& name, SourceSpan span) const {
  for (size_t kind = 0; kind < std::size(kKinds); ++kind) {
    if (equals_ignoring_case(name, kKinds[kind])) return kind;
  }
  return session_
      .error(ErrorCode::kUnknownName, fmt::format("'{}' is no kind of change", name), span)
      .with_hint("INSERT, UPDATE_BEFORE, UPDATE_AFTER, DELETE");
}

Result<std::vector<size_t>> ChangelogBinder::partition(const BoundRelation& input) const {
  std::vector<size_t> columns;
  for (const ast::Expr& expr : table_.partition_by) {
    ExprBinder binder(session_, input.scope, "PARTITION BY");
    const ExprPtr bound = TRY(binder.bind(expr));
    if (bound->kind() != ExprKind::kColumn) {
      return session_.not_supported(
          fmt::format("PARTITION BY of {} by anything but columns", function()), expr.span);
    }
    if (std::find(columns.begin(), columns.end(), bound->index()) == columns.end()) {
      columns.push_back(bound->index());
    }
  }
  return columns;
}

Result<size_t> ChangelogBinder::op_column(const BoundRelation& input) const {
  ast::Name name;
  name.text = "op";
  name.span = span_;
  if (table_.op) name = *table_.op;
  const int found = input.scope.find(name, false);
  if (found < 0) {
    return session_
        .error(ErrorCode::kUnknownName,
               fmt::format("FROM_CHANGELOG: there is no column '{}'", name.text), name.span)
        .with_hint(table_.op ? did_you_mean(name.text, column_names(*input.plan))
                             : "name it: op => DESCRIPTOR(column)");
  }
  const auto column = static_cast<size_t>(found);
  const Type& type = (*input.plan->schema)[column].type;
  if (type.is_string()) return column;
  return session_.error(
      ErrorCode::kTypeMismatch,
      fmt::format("FROM_CHANGELOG: '{}' is {}, not STRING", name.text, type.to_string()),
      name.span);
}

PlanPtr ChangelogBinder::columns_of(const PlanPtr& plan, const std::vector<size_t>& columns) const {
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (const size_t column : columns) {
    exprs.push_back(column_of(*plan, column));
    names.push_back((*plan->schema)[column].name);
  }
  return make_project(plan, std::move(exprs), std::move(names), session_.node_span(span_));
}

Result<PlanPtr> ChangelogBinder::to(const BoundRelation& input) {
  std::array<std::optional<std::string>, 4> codes;
  if (table_.op_mapping) {
    const std::vector<Mapped> pairs = TRY(mapping());
    for (const Mapped& mapped : pairs) {
      const size_t kind = TRY(kind_of(mapped.key, mapped.key_span));
      if (codes[kind]) {
        return session_.error(ErrorCode::kDuplicateName,
                              fmt::format("op_mapping has {} twice", kKinds[kind]),
                              mapped.key_span);
      }
      codes[kind] = mapped.value;
    }
  } else {
    for (size_t kind = 0; kind < codes.size(); ++kind) codes[kind] = std::string(kKinds[kind]);
  }
  const std::vector<size_t> partition = TRY(this->partition(input));
  const std::string op = table_.op ? table_.op->text : "op";
  // The rows are what they are without the system columns of a table.
  std::vector<size_t> columns = partition;
  for (size_t i = 0; i < input.plan->schema->size(); ++i) {
    const bool listed = std::find(partition.begin(), partition.end(), i) != partition.end();
    if (!listed && !input.scope.columns[i].is_system) columns.push_back(i);
  }
  const PlanPtr rows = columns_of(input.plan, columns);
  std::vector<size_t> key = rows->changelog.key;
  std::vector<size_t> order;
  for (size_t i = 0; i < partition.size(); ++i) {
    if (rows->changelog.key.empty()) key.push_back(i);
    order.push_back(i + 1);
  }
  PlanPtr changes =
      make_to_changelog(rows, op, std::move(key), std::move(codes), session_.node_span(span_));
  if (partition.empty()) return changes;
  order.push_back(0);
  for (size_t i = partition.size(); i < columns.size(); ++i) order.push_back(i + 1);
  return columns_of(changes, order);
}

Result<PlanPtr> ChangelogBinder::from(const BoundRelation& input) {
  if (input.plan->changelog.changing) {
    return session_.error(
        ErrorCode::kInvalidStatement,
        fmt::format("FROM_CHANGELOG reads rows, and its input changes already ({})",
                    input.plan->changelog.cause),
        table_.input->span);
  }
  std::map<std::string, int64_t, std::less<>> weights;
  std::array<bool, 4> mapped{};
  const auto add = [&](std::string code, size_t kind) {
    mapped[kind] = true;
    return weights.emplace(std::move(code), kind == kUpdateBefore || kind == kDelete ? -1 : 1)
        .second;
  };
  if (table_.op_mapping) {
    const std::vector<Mapped> pairs = TRY(mapping());
    for (const Mapped& pair : pairs) {
      const size_t kind = TRY(kind_of(pair.value, pair.value_span));
      if (add(pair.key, kind)) continue;
      return session_.error(ErrorCode::kDuplicateName,
                            fmt::format("op_mapping has '{}' twice", pair.key), pair.key_span);
    }
  } else {
    for (size_t kind = 0; kind < std::size(kKinds); ++kind) {
      add(std::string(kKinds[kind]), kind);
      add(std::string(kSigns[kind]), kind);
    }
  }
  const size_t op = TRY(op_column(input));
  std::vector<size_t> key = TRY(partition(input));
  const bool by_key = mapped[kUpdateAfter] && !mapped[kUpdateBefore];
  if (by_key && key.empty()) {
    return session_
        .error(ErrorCode::kInvalidStatement,
               "this op_mapping has UPDATE_AFTER without UPDATE_BEFORE: changes by key, and there "
               "is no key",
               table_.op_mapping->span)
        .with_hint("FROM_CHANGELOG(input => TABLE t PARTITION BY key, …)");
  }
  PlanPtr plan = make_from_changelog(input.plan, op, std::move(weights), session_.node_span(span_));
  if (!by_key) return plan;
  for (size_t& column : key) {
    if (column > op) --column;
  }
  const PlanStateBound bound =
      plan->bounded ? PlanStateBound{StateBoundKind::kBoundedInput, 0} : unbounded_state(session_);
  return make_normalize(std::move(plan), std::move(key), bound, session_.node_span(span_));
}

}  // namespace

Result<BoundRelation> QueryBinder::bind_changelog_table(const ast::ChangelogTable& table,
                                                        SourceSpan span, const WithTables* ctes) {
  BoundRelation input = TRY(bind_from(*table.input, ctes));
  if (input.window) {
    return session_.not_supported(
        fmt::format("{} over a window function", table.from ? "FROM_CHANGELOG" : "TO_CHANGELOG"),
        table.input->span);
  }
  ChangelogBinder binder(session_, table, span);
  BoundRelation relation;
  if (table.from) {
    relation.plan = TRY(binder.from(input));
  } else {
    relation.plan = TRY(binder.to(input));
  }
  relation.scope = Scope::of(*relation.plan, "");
  for (ScopeColumn& column : relation.scope.columns) {
    const int found = input.plan->schema->index_of(column.name);
    column.is_system =
        table.from && found >= 0 && input.scope.columns[static_cast<size_t>(found)].is_system;
  }
  return relation;
}

}  // namespace velo
