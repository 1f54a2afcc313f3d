// INSERT INTO: columns and their types, changing results, bounds of state.
#include "plan/sink_binder.h"

#include <algorithm>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "plan/join_binder.h"
#include "plan/literals.h"
#include "plan/plan_build.h"
#include "plan/select_binder.h"
#include "plan/table_binder.h"
#include "plan/top_n_binder.h"

namespace velo {
namespace {

/// Fits the output of one query to one table.
class SinkBinder {
 public:
  SinkBinder(BindSession& session, TableDefPtr table, const SinkRequest& request)
      : session_(session), table_(std::move(table)), request_(request), span_(request.span) {}

  Status choose_columns(const PlanNode& query);
  Result<PlanPtr> fit(PlanPtr query);
  Result<SinkEncoding> choose_encoding(const PlanNode& fitted) const;
  /// Where nothing is known that tells the changing rows apart, the last of a PRIMARY KEY counts.
  PlanPtr by_key(PlanPtr fitted) const;
  const TableDefPtr& table() const { return table_; }
  /// Columns of the table that are written.
  const std::vector<size_t>& written() const { return written_; }

 private:
  /// `from`: what the values are computed from; null for constants.
  Result<ExprPtr> assign(const PlanNode* from, const ExprPtr& value, const TableColumn& column,
                         SourceSpan span) const;
  Result<std::vector<ExprPtr>> fit_row(const PlanNode* from_plan,
                                       const std::vector<ExprPtr>& row) const;
  Status check_key(const PlanNode& fitted) const;
  Error refuse_change(const PlanNode& fitted) const;

  BindSession& session_;
  TableDefPtr table_;
  const SinkRequest& request_;
  SourceSpan span_;
  std::vector<size_t> written_;
  /// For each written column the query's column, or nothing = NULL.
  std::vector<std::optional<size_t>> from_;
  std::vector<SourceSpan> spans_;
};

Status SinkBinder::choose_columns(const PlanNode& query) {
  const std::vector<ast::Name>& names = request_.columns;
  std::vector<std::string> all;
  for (size_t i = 0; i < table_->columns.size(); ++i) {
    if (!table_->columns[i].is_written()) continue;
    written_.push_back(i);
    all.push_back(table_->columns[i].name);
  }
  from_.resize(written_.size());
  spans_.assign(written_.size(), span_);
  const size_t given = query.schema->size();
  if (names.empty()) {
    if (given != written_.size()) {
      return session_
          .error(ErrorCode::kTypeMismatch,
                 fmt::format("'{}' has {} to write, the query gives {}", table_->name,
                             count_of(written_.size(), "column"), given),
                 span_)
          .with_hint(fmt::format("the table: {}; the query: {}", join_names(all),
                                 join_names(column_names(query))));
    }
    for (size_t i = 0; i < written_.size(); ++i) from_[i] = i;
    return {};
  }
  if (names.size() != given) {
    return session_.error(
        ErrorCode::kTypeMismatch,
        fmt::format("{} listed, the query gives {}", count_of(names.size(), "column"), given),
        span_from(names.front().span, names.back().span));
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const auto found = std::find_if(written_.begin(), written_.end(), [&](size_t column) {
      return names[i].matches(table_->columns[column].name);
    });
    if (found == written_.end()) {
      return session_
          .error(ErrorCode::kUnknownName,
                 fmt::format("'{}' has no column '{}' to write", table_->name, names[i].text),
                 names[i].span)
          .with_hint(did_you_mean(names[i].text, all));
    }
    const auto at = static_cast<size_t>(found - written_.begin());
    if (from_[at]) {
      return session_.error(ErrorCode::kDuplicateName,
                            fmt::format("the column '{}' is listed twice", names[i].text),
                            names[i].span);
    }
    from_[at] = i;
    spans_[at] = names[i].span;
  }
  return {};
}

namespace {

/// AVG of whole numbers, as a query gives it.
bool is_whole_average(const PlanNode& from, const Expr& value) {
  if (value.kind() != ExprKind::kColumn) return false;
  size_t column = value.index();
  const PlanNode* node = &from;
  while (node->kind == PlanKind::kFilter || node->kind == PlanKind::kProject) {
    if (node->kind == PlanKind::kProject) {
      const Expr& below = *node->as<ProjectNode>().exprs[column];
      if (below.kind() != ExprKind::kColumn) return false;
      column = below.index();
    }
    node = node->input().get();
  }
  // What is computed stands behind what was there.
  const auto is_average = [&](const auto& computed, auto aggregate_of) {
    const size_t before = node->schema->size() - computed.size();
    return column >= before && aggregate_of(computed[column - before]).rule == FinalRule::kAvgInt;
  };
  const auto plain = [](const PlanAggregate& made) -> const Aggregate& { return made.aggregate; };
  switch (node->kind) {
    case PlanKind::kAggregate:
      return is_average(node->as<AggregateNode>().aggregates, plain);
    case PlanKind::kWindowAggregate:
      return is_average(node->as<WindowAggregateNode>().aggregates, plain);
    case PlanKind::kOver:
      return is_average(
          node->as<OverNode>().calls,
          [](const PlanOverCall& made) -> const Aggregate& { return made.call.aggregate; });
    default:
      return false;
  }
}

}  // namespace

Result<ExprPtr> SinkBinder::assign(const PlanNode* from, const ExprPtr& value,
                                   const TableColumn& column, SourceSpan span) const {
  Result<ExprPtr> cast = make_implicit_cast(value, column.type);
  if (cast) return column.length_max > 0 ? limit_length(*cast, column.length_max) : *cast;
  // In Flink's SQL these need no CAST: an instant becomes the wall clock of the session's zone, an
  // average of whole numbers is cut off to a whole number.
  const bool instant =
      value->type().kind() == TypeKind::kTimestampLtz && column.type.kind() == TypeKind::kTimestamp;
  if (instant) return session_.at(span, make_cast(value, column.type));
  if (column.type.is_integer() && from != nullptr && is_whole_average(*from, *value)) {
    const ExprPtr whole = TRY(session_.at(span, make_call("TRUNC", {value})));
    return session_.at(span, make_cast(whole, column.type));
  }
  // A constant may be narrowed where it loses nothing: INSERT INTO t VALUES (1) into a TINYINT.
  if (value->is_constant() && value->type().is_numeric() && column.type.is_numeric()) {
    const ExprPtr original = fold_constants(value);
    Result<ExprPtr> narrow = make_cast(value, column.type);
    const ExprPtr folded = narrow ? fold_constants(*narrow) : nullptr;
    if (folded != nullptr && folded->is_literal()) {
      Result<ExprPtr> back = make_cast(folded, original->type());
      if (back && *fold_constants(*back) == *original) return folded;
    }
  }
  return session_
      .error(ErrorCode::kTypeMismatch,
             fmt::format("column '{}' of '{}' is {}, but the query gives {}", column.name,
                         table_->name, column.type.to_string(), value->type().to_string()),
             span)
      .with_hint(fmt::format("write CAST(… AS {})", column.type.to_string()));
}

Result<std::vector<ExprPtr>> SinkBinder::fit_row(const PlanNode* from_plan,
                                                 const std::vector<ExprPtr>& row) const {
  std::vector<ExprPtr> fitted;
  for (size_t i = 0; i < written_.size(); ++i) {
    const TableColumn& column = table_->columns[written_[i]];
    if (from_[i]) {
      const size_t from = *from_[i];
      const SourceSpan span =
          request_.items.size() == row.size() ? request_.items[from] : spans_[i];
      fitted.push_back(TRY(assign(from_plan, row[from], column, span)));
      continue;
    }
    if (column.not_null) {
      return session_.error(ErrorCode::kInvalidStatement,
                            fmt::format("column '{}' of '{}' is NOT NULL and gets no value",
                                        column.name, table_->name),
                            span_);
    }
    fitted.push_back(make_null(column.type));
  }
  return fitted;
}

Result<PlanPtr> SinkBinder::fit(PlanPtr query) {
  std::vector<std::string> names;
  std::vector<Field> fields;
  for (const size_t column : written_) {
    names.push_back(table_->columns[column].name);
    fields.push_back({table_->columns[column].name, table_->columns[column].type});
  }
  if (query->kind == PlanKind::kValues) {
    std::vector<std::vector<ExprPtr>> rows;
    for (const std::vector<ExprPtr>& row : query->as<ValuesNode>().rows) {
      rows.push_back(TRY(fit_row(nullptr, row)));
    }
    return make_values(std::move(fields), std::move(rows), query->span);
  }
  if (query->kind == PlanKind::kProject) {
    // The table's types meet the expressions themselves: a string literal can become a time.
    return make_project(query->input(),
                        TRY(fit_row(query->input().get(), query->as<ProjectNode>().exprs)),
                        std::move(names), query->span);
  }
  std::vector<ExprPtr> exprs = TRY(fit_row(query.get(), all_columns(*query)));
  return make_project(query, std::move(exprs), std::move(names), query->span);
}

Error SinkBinder::refuse_change(const PlanNode& fitted) const {
  std::string hint = "ways out: ";
  const PlanNode& plan = fitted;
  const bool windowed = plan.changelog.cause == "EMIT CHANGES" ||
                        plan.changelog.cause == "EMIT EVERY" ||
                        plan.changelog.cause == "ALLOWED LATENESS";
  const bool over = plan.changelog.cause.find("OVER") != std::string::npos;
  hint += windowed ? "leave that clause out (EMIT FINAL)"
          : over   ? "PARTITION BY the window_end of a window, or ORDER BY an event time, ascending"
                   : "group by a window";
  for (const SinkEncoding encoding : table_->traits.encodings) {
    if (encoding == SinkEncoding::kAppend) continue;
    hint += fmt::format(", or 'sink.changelog' = '{}'", sink_encoding_name(encoding));
    if (encoding == SinkEncoding::kUpsert) hint += " with a PRIMARY KEY";
  }
  return session_
      .error(ErrorCode::kChangingQuery,
             fmt::format("'{}' takes new rows only, and this result changes: {}", table_->name,
                         plan.changelog.cause),
             plan.changelog.cause_span.length > 0 ? plan.changelog.cause_span : span_)
      .with_hint(std::move(hint));
}

/// Whether the rows could be told apart before the select list left a part of their key out.
bool drops_key(const PlanNode& plan) {
  if (!plan.changelog.key.empty()) return false;
  const PlanNode* below = &plan;
  while (below->kind == PlanKind::kProject || below->kind == PlanKind::kFilter) {
    below = below->input().get();
  }
  return !below->changelog.key.empty();
}

Status SinkBinder::check_key(const PlanNode& fitted) const {
  if (table_->primary_key.empty()) {
    return session_
        .error(ErrorCode::kInvalidStatement,
               fmt::format("'{}' is written as upserts and has no PRIMARY KEY", table_->name),
               span_)
        .with_hint("declare PRIMARY KEY (…) NOT ENFORCED with the table");
  }
  const Changelog& changes = fitted.changelog;
  if (!changes.changing || changes.single_row) return {};
  std::vector<std::string> missing;
  for (const size_t key : changes.key) {
    const std::vector<size_t>& primary = table_->primary_key;
    if (std::find(primary.begin(), primary.end(), written_[key]) == primary.end()) {
      missing.push_back(table_->columns[written_[key]].name);
    }
  }
  if (drops_key(fitted)) {
    return session_
        .error(ErrorCode::kInvalidStatement,
               fmt::format("the PRIMARY KEY of '{}' cannot tell the changing rows apart",
                           table_->name),
               span_)
        .with_hint("select all columns of GROUP BY, the window's too");
  }
  if (missing.empty()) return {};
  return session_
      .error(ErrorCode::kInvalidStatement,
             fmt::format("rows that differ in {} would overwrite each other: '{}' has another "
                         "PRIMARY KEY",
                         join_names(missing), table_->name),
             span_)
      .with_hint(fmt::format("add {} to the PRIMARY KEY", join_names(missing)));
}

PlanPtr SinkBinder::by_key(PlanPtr fitted) const {
  const Changelog& changes = fitted->changelog;
  if (!changes.changing || changes.single_row || !changes.key.empty()) return fitted;
  std::vector<size_t> key;
  for (size_t i = 0; i < written_.size(); ++i) {
    const std::vector<size_t>& primary = table_->primary_key;
    if (std::find(primary.begin(), primary.end(), written_[i]) != primary.end()) key.push_back(i);
  }
  const PlanStateBound bound = fitted->bounded ? PlanStateBound{StateBoundKind::kBoundedInput, 0}
                                               : unbounded_state(session_);
  return make_keep_last(std::move(fitted), std::move(key), bound, session_.node_span(span_));
}

Result<SinkEncoding> SinkBinder::choose_encoding(const PlanNode& fitted) const {
  const std::vector<SinkEncoding>& can = table_->traits.encodings;
  const auto offers = [&](SinkEncoding e) {
    return std::find(can.begin(), can.end(), e) != can.end();
  };
  SinkEncoding chosen = can.empty() ? SinkEncoding::kAppend : can.front();
  const std::string written = table_->option("sink.changelog");
  for (const SinkEncoding encoding : {SinkEncoding::kAppend, SinkEncoding::kUpsert,
                                      SinkEncoding::kRetract, SinkEncoding::kDebezium}) {
    if (written != sink_encoding_name(encoding)) continue;
    if (!offers(encoding)) {
      return session_.error(
          ErrorCode::kBadOptionValue,
          fmt::format("'{}' cannot be written with 'sink.changelog' = '{}'", table_->name, written),
          span_);
    }
    chosen = encoding;
  }
  const bool changing = fitted.changelog.changing;
  if (written.empty() && !changing && chosen == SinkEncoding::kRetract &&
      offers(SinkEncoding::kAppend)) {
    chosen = SinkEncoding::kAppend;
  }
  if (changing && chosen == SinkEncoding::kAppend) return refuse_change(fitted);
  if (chosen == SinkEncoding::kUpsert) TRY(check_key(fitted));
  return chosen;
}

/// State that grows for ever, and what keeps it.
struct Unbounded {
  PlanKind kind;
  SourceSpan span;
  std::string_view way_to_bound;
};

std::string unbounded_message(PlanKind kind) {
  switch (kind) {
    case PlanKind::kJoin:
      return "the state of this join grows for ever: its inputs go on and nothing bounds the time "
             "between their rows";
    case PlanKind::kOver:
      return "the state of this OVER grows for ever: its input goes on and so do its keys";
    case PlanKind::kTopN:
      return "the state of this numbering grows for ever: its input goes on and its partitions "
             "never end";
    case PlanKind::kKeepLast:
      return "the state of this sink grows for ever: the rows of its PRIMARY KEY are told apart by "
             "what was written before, and its input goes on";
    case PlanKind::kNormalize:
      return "the state of this table grows for ever: the last row of each PRIMARY KEY is kept, "
             "and its changes go on";
    default:
      return "the state of this aggregation grows for ever: its input goes on and has no window";
  }
}

std::string_view way_to_bound(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kJoin:
      return "ON … AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '1' HOUR";
    case PlanKind::kOver:
      if (node.as<OverNode>().form == PlanOverForm::kChanges) {
        return "PARTITION BY window_end, … of rows that only come";
      }
      return "a frame that is a span of time: RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND "
             "CURRENT ROW";
    case PlanKind::kTopN:
      return "PARTITION BY window_end, …";
    case PlanKind::kKeepLast:
      return "give each row a key of its own (GROUP BY the PRIMARY KEY)";
    case PlanKind::kNormalize:
      return "read the changes with their old rows ('scan.changelog' = 'retract')";
    default:
      return "group by a window";
  }
}

void collect_unbounded(const PlanNode& plan, SourceSpan stands_for, std::vector<Unbounded>* found) {
  const SourceSpan span = stands_for.length > 0 ? stands_for : plan.span;
  const auto note = [&](const PlanStateBound& bound) {
    if (bound.kind == StateBoundKind::kWarned) {
      found->push_back({plan.kind, span, way_to_bound(plan)});
    }
  };
  if (plan.kind == PlanKind::kAggregate) note(plan.as<AggregateNode>().bound);
  if (plan.kind == PlanKind::kWindowAggregate) note(plan.as<WindowAggregateNode>().bound);
  if (plan.kind == PlanKind::kOver) note(plan.as<OverNode>().bound);
  if (plan.kind == PlanKind::kJoin) note(plan.as<JoinNode>().bound);
  if (plan.kind == PlanKind::kTopN) note(plan.as<TopNNode>().bound);
  if (plan.kind == PlanKind::kKeepLast) note(plan.as<KeepLastNode>().bound);
  if (plan.kind == PlanKind::kNormalize) note(plan.as<NormalizeNode>().bound);
  const SourceSpan below = plan.kind == PlanKind::kShared ? span : stands_for;
  for (const PlanPtr& input : plan.inputs) collect_unbounded(*input, below, found);
}

/// A table that declares no columns takes those of the query.
TableDefPtr with_columns_of(const TableDefPtr& table, const PlanNode& query) {
  if (!table->columns.empty()) return table;
  auto copy = std::make_shared<TableDef>(*table);
  for (const Field& field : query.schema->fields()) {
    TableColumn column;
    column.name = field.name;
    column.type = field.type;
    copy->columns.push_back(std::move(column));
  }
  return copy;
}

}  // namespace

Status check_state(BindSession& session, const PlanNode& plan, bool writes) {
  std::vector<Unbounded> found;
  collect_unbounded(plan, {}, &found);
  for (const Unbounded& state : found) {
    const std::string hint =
        fmt::format("bound it: {}, or SET 'state.ttl' = '1 h'; or SET 'state.unbounded' = 'allow'",
                    state.way_to_bound);
    const std::string message = unbounded_message(state.kind);
    if (writes) {
      return session.error(ErrorCode::kUnboundedState, message, state.span).with_hint(hint);
    }
    session.warn(message, state.span, hint);
  }
  return {};
}

Result<PlanPtr> bind_sink(BindSession& session, const SinkRequest& request, PlanPtr query) {
  SinkBinder binder(session, with_columns_of(request.table, *query), request);
  TRY(binder.choose_columns(*query));
  PlanPtr fitted = TRY(binder.fit(std::move(query)));
  const SinkEncoding encoding = TRY(binder.choose_encoding(*fitted));
  if (encoding == SinkEncoding::kUpsert) fitted = binder.by_key(std::move(fitted));
  TRY(check_state(session, *fitted, true));
  return make_sink(std::move(fitted), binder.table(), binder.written(), encoding,
                   session.node_span(request.span));
}

std::vector<SourceSpan> item_spans(const ast::Query& query) {
  std::vector<SourceSpan> spans;
  if (const auto* values = query.as<ast::Values>(); values != nullptr && values->rows.size() == 1) {
    for (const ast::Expr& expr : values->rows[0]) spans.push_back(expr.span);
  }
  const auto* select = query.as<ast::Select>();
  if (select == nullptr) return spans;
  for (const ast::SelectItem& item : select->items) {
    if (item.expr.is<ast::Star>()) return {};
    spans.push_back(item.expr.span);
  }
  return spans;
}

Result<TableDefPtr> find_sink(BindSession& session, const ast::Target& target,
                              std::string_view what) {
  if (target.address) return bind_inline_table(session, target, false);
  const ast::QualifiedName written = TRY(session.filled_in(target.name));
  const std::string name = written.to_string();
  ast::Name joined = written.parts.size() == 1 ? written.parts[0] : ast::Name{};
  if (written.parts.size() != 1) joined.text = name;
  const CatalogEntry* entry = session.catalog().find(joined);
  if (entry == nullptr) {
    if (is_described_by_options(session, name) || !target.options.empty()) {
      return bind_inline_table(session, target, false);
    }
    const std::vector<std::string> names = session.catalog().names();
    Error error = session.error(ErrorCode::kUnknownName,
                                fmt::format("there is no table '{}'", name), target.span);
    error.hint = did_you_mean(name, names);
    if (error.hint.empty()) error.hint = "CREATE TABLE it first, with a connector";
    return error;
  }
  const auto* table = std::get_if<TableDefPtr>(entry);
  if (table == nullptr) {
    return session.error(ErrorCode::kInvalidStatement,
                         fmt::format("{}: '{}' is a {} made of a query, not a table to write to",
                                     what, entry_name(*entry), entry_kind(*entry)),
                         target.span);
  }
  if (!(*table)->traits.can_write) {
    return session.error(ErrorCode::kInvalidStatement,
                         fmt::format("{}: '{}' can only be read: connector '{}'", what,
                                     (*table)->name, (*table)->connector()),
                         target.span);
  }
  if (target.options.empty()) return *table;
  return with_options(session, **table, target.options);
}

}  // namespace velo
