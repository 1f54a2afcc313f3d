// Statements: DDL, INSERT, SELECT, EXPLAIN, SET and what only passes through.
#include "plan/binder.h"

#include <algorithm>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "plan/annotations.h"
#include "plan/bind_session.h"
#include "plan/plan_build.h"
#include "plan/rewrite.h"
#include "plan/select_binder.h"
#include "plan/sink_binder.h"
#include "plan/table_binder.h"
#include "plan/topic_binder.h"

namespace velo {
namespace {

std::string_view relation_text(ast::RelationKind kind) {
  switch (kind) {
    case ast::RelationKind::kTable:
      return "table";
    case ast::RelationKind::kStream:
      return "stream";
    case ast::RelationKind::kView:
      return "view";
  }
  return "table";
}

ast::Name joined_name(const ast::QualifiedName& name) {
  if (name.parts.size() == 1) return name.parts[0];
  ast::Name joined;
  joined.text = name.to_string();
  joined.span = name.span;
  return joined;
}

/// Binds one statement.
class StatementBinder {
 public:
  StatementBinder(std::string_view text, const BinderContext& context)
      : session_(text, context), context_(context) {}

  Result<BoundStatement> bind(const ast::Statement& statement);

 private:
  Status bind_node(const ast::SelectStatement& select);
  Status bind_node(const ast::CreateTable& create);
  Status bind_node(const ast::CreateView& create);
  Status bind_node(const ast::CreateFunction& create);
  Status bind_node(const ast::Insert& insert);
  Status bind_node(const ast::Explain& explain);
  Status bind_node(const ast::Show& show);
  Status bind_node(const ast::Describe& describe);
  Status bind_node(const ast::Drop& drop);
  Status bind_node(const ast::SetOption& set);
  Status bind_node(const ast::StartJob& start);
  Status bind_node(const ast::ControlJob& control);

  Status propose(const ast::Describe& describe);
  Status create_as_select(const ast::CreateTable& create);
  Status take_key_items(ast::CreateTable& create) const;
  Status share(const ast::CreateTable& create, PlanPtr plan);
  /// True: it exists and IF NOT EXISTS says that this is fine.
  Result<bool> check_new(const ast::QualifiedName& name, bool or_replace, bool if_not_exists);
  /// Takes settings and descriptions of tables ('x.type') out of a list; gives the rest.
  Result<std::vector<ast::Option>> take_options(const std::vector<ast::Option>& options,
                                                std::string_view own_name);
  Status take_query_options(const std::vector<ast::Option>& options);
  const OptionInfo* find_setting(std::string_view name) const;
  std::vector<std::string> setting_names() const;
  Result<const CatalogEntry*> find_relation(const ast::QualifiedName& name) const;
  PlanPtr optimised(PlanPtr plan, WatermarkUse use = WatermarkUse::kNobodyAbove) const {
    return context_.optimise ? optimise(plan, use, context_.parallel) : plan;
  }
  Error error(ErrorCode code, std::string message, SourceSpan span) const {
    return session_.error(code, std::move(message), span);
  }

  BindSession session_;
  const BinderContext& context_;
  SourceSpan span_;
  BoundStatement result_;
};

Result<BoundStatement> StatementBinder::bind(const ast::Statement& statement) {
  TRY(check_annotations(session_, statement.annotations));
  span_ = statement.span;
  TRY(std::visit([&](const auto& node) { return bind_node(node); }, statement.node));
  result_.warnings = session_.take_warnings();
  result_.annotations = statement.annotations;
  return std::move(result_);
}

Status StatementBinder::bind_node(const ast::SelectStatement& select) {
  const ast::Query& query = *select.query;
  TRY(take_query_options(query.options));
  PlanPtr plan = TRY(QueryBinder(session_).bind(query, nullptr, false));
  if (query.into) {
    const TableDefPtr table = TRY(find_sink(session_, *query.into, "INTO"));
    const SinkRequest request{table, {}, query.into->span, item_spans(query)};
    plan = TRY(bind_sink(session_, request, std::move(plan)));
    result_.node = BoundInsert{optimised(std::move(plan)), std::nullopt};
    return {};
  }
  TRY(check_state(session_, *plan, false));
  result_.node = BoundQuery{optimised(std::move(plan))};
  return {};
}

Status StatementBinder::bind_node(const ast::Insert& insert) {
  if (insert.overwrite) return session_.not_supported("INSERT OVERWRITE", span_);
  ast::Target target;
  target.name = insert.table;
  target.span = insert.table.span;
  TRY(take_query_options(insert.query->options));
  const TableDefPtr table = TRY(find_sink(session_, target, "INSERT INTO"));
  PlanPtr plan = TRY(QueryBinder(session_).bind(*insert.query, nullptr, false));
  const SinkRequest request{table, insert.columns, insert.table.span, item_spans(*insert.query)};
  plan = TRY(bind_sink(session_, request, std::move(plan)));
  result_.node = BoundInsert{optimised(std::move(plan)), std::nullopt};
  return {};
}

Result<bool> StatementBinder::check_new(const ast::QualifiedName& name, bool or_replace,
                                        bool if_not_exists) {
  const CatalogEntry* entry = session_.catalog().find(joined_name(name));
  if (entry == nullptr || or_replace) return false;
  if (if_not_exists) return true;
  return error(ErrorCode::kDuplicateName,
               fmt::format("there is a {} '{}' already", entry_kind(*entry), entry_name(*entry)),
               name.span)
      .with_hint("DROP it first, or write IF NOT EXISTS or CREATE OR REPLACE");
}

Status StatementBinder::bind_node(const ast::CreateTable& create) {
  if (TRY(check_new(create.name, create.or_replace, create.if_not_exists))) {
    result_.node = BoundDefinition{create.name.to_string(), true};
    return {};
  }
  if (create.query) return create_as_select(create);
  TableDefPtr table = TRY(bind_table(session_, create));
  result_.node = BoundDefinition{table->name, false};
  session_.catalog().put(std::move(table));
  return {};
}

Status StatementBinder::share(const ast::CreateTable& create, PlanPtr plan) {
  if (!create.watermarks.empty()) {
    return session_.not_supported("a WATERMARK on a table made AS SELECT without a connector",
                                  create.watermarks[0].span);
  }
  auto shared = std::make_shared<SharedDef>();
  shared->name = create.name.to_string();
  shared->is_stream = create.kind == ast::RelationKind::kStream;
  shared->temporary = create.temporary;
  shared->text = std::string(session_.text_of(span_));
  if (create.primary_key) {
    for (const ast::Name& name : create.primary_key->columns) {
      const int found = Scope::of(*plan, "").find(name, false);
      if (found < 0) {
        return error(ErrorCode::kUnknownName,
                     fmt::format("PRIMARY KEY: there is no column '{}'", name.text), name.span)
            .with_hint(did_you_mean(name.text, column_names(*plan)));
      }
      shared->primary_key.push_back(static_cast<size_t>(found));
    }
  }
  shared->plan = make_shared_plan(
      shared->name, optimised(std::move(plan), WatermarkUse::kReadersAbove), create.name.span);
  result_.node = BoundDefinition{shared->name, false};
  session_.catalog().put(SharedDefPtr(std::move(shared)));
  return {};
}

/// Moves `item PRIMARY KEY` of the select list to the table that is made.
Status StatementBinder::take_key_items(ast::CreateTable& create) const {
  auto* select = create.query->as<ast::Select>();
  if (select == nullptr) return {};
  const bool renamed = !create.columns.empty();
  ast::PrimaryKeyDef key;
  key.not_enforced = true;
  for (size_t i = 0; i < select->items.size(); ++i) {
    ast::SelectItem& item = select->items[i];
    if (!item.primary_key) continue;
    item.primary_key = false;
    ast::Name name;
    name.text = item.alias ? item.alias->text : default_name(item.expr, i + 1);
    if (renamed && i < create.columns.size()) name.text = create.columns[i].name.text;
    name.quoted = true;
    name.span = item.expr.span;
    key.columns.push_back(std::move(name));
  }
  if (key.columns.empty()) return {};
  if (create.primary_key) {
    return error(ErrorCode::kInvalidStatement, "a second PRIMARY KEY", key.columns[0].span);
  }
  create.primary_key = std::move(key);
  return {};
}

Status StatementBinder::create_as_select(const ast::CreateTable& create) {
  ast::CreateTable rest = create;
  TRY(take_key_items(rest));
  rest.options = TRY(take_options(create.options, create.name.to_string()));
  for (const ast::ColumnDef& column : create.columns) {
    if (column.type || column.kind != ast::ColumnKind::kPhysical) {
      return session_.not_supported("typed columns in CREATE … AS SELECT", column.span);
    }
  }
  std::vector<ast::Name> names;
  for (const ast::ColumnDef& column : create.columns) names.push_back(column.name);
  PlanPtr plan = TRY(QueryBinder(session_).bind(*rest.query, nullptr, true));
  plan = TRY(rename_columns(session_, std::move(plan), names, create.name.span));
  if (rest.options.empty()) return share(rest, std::move(plan));
  TableDefPtr table = TRY(bind_created_table(session_, rest, *plan));
  plan = TRY(bind_sink(session_, {table, {}, create.name.span}, std::move(plan)));
  result_.node = BoundInsert{optimised(std::move(plan)), table->name};
  session_.catalog().put(std::move(table));
  return {};
}

Status StatementBinder::bind_node(const ast::CreateView& create) {
  if (create.materialized) {
    return session_.not_supported("CREATE MATERIALIZED VIEW", span_);
  }
  if (TRY(check_new(create.name, create.or_replace, create.if_not_exists))) {
    result_.node = BoundDefinition{create.name.to_string(), true};
    return {};
  }
  const PlanPtr plan = TRY(QueryBinder(session_).bind(*create.query, nullptr, true));
  TRY(rename_columns(session_, plan, create.columns, create.name.span));
  auto view = std::make_shared<ViewDef>();
  view->name = create.name.to_string();
  view->temporary = create.temporary;
  for (const ast::Name& name : create.columns) view->columns.push_back(name.text);
  view->query = *create.query;
  view->text = std::string(session_.text());
  view->comment = create.comment.value_or("");
  result_.node = BoundDefinition{view->name, false};
  session_.catalog().put(ViewDefPtr(std::move(view)));
  return {};
}

/// A class of another engine's is no function here, unless we have one that does the same.
Status StatementBinder::bind_node(const ast::CreateFunction& create) {
  struct KnownClass {
    std::string_view class_name;
    std::string_view function;
  };
  constexpr KnownClass kKnown[] = {{"com.github.nexmark.flink.udf.CountChar", "COUNT_CHAR"}};
  for (const KnownClass& known : kKnown) {
    if (known.class_name != create.class_name) continue;
    if (!equals_ignoring_case(known.function, create.name.to_string())) {
      return session_.not_supported(
          fmt::format("another name than {} for '{}'", known.function, known.class_name),
          create.name.span);
    }
    result_.node = BoundDefinition{create.name.to_string(), true};
    return {};
  }
  Error error = session_.not_supported(
      fmt::format("CREATE FUNCTION from the class '{}'", create.class_name), create.name.span);
  return std::move(error).with_hint(
      fmt::format("no Java runs here; SHOW FUNCTIONS lists what there is, and '{}' is known as {}",
                  kKnown[0].class_name, kKnown[0].function));
}

Status StatementBinder::bind_node(const ast::Explain& explain) {
  for (const std::string& detail : explain.details) {
    // What changes is part of every plan that is shown.
    if (detail != "CHANGELOG_MODE") return session_.not_supported("EXPLAIN " + detail, span_);
  }
  // What is explained does not happen.
  Catalog catalog = *context_.catalog;
  OptionMap settings = *context_.settings;
  BinderContext apart = context_;
  apart.catalog = &catalog;
  apart.settings = &settings;
  BoundStatement inner = TRY(StatementBinder(session_.text(), apart).bind(*explain.statement));
  result_.node = BoundExplain{explain.analyze, explain.details,
                              std::make_shared<const BoundStatement>(std::move(inner))};
  return {};
}

Status StatementBinder::bind_node(const ast::Show& show) {
  switch (show.kind) {
    case ast::ShowKind::kJobs:
    case ast::ShowKind::kStatus:
    case ast::ShowKind::kMetrics:
    case ast::ShowKind::kVersions:
    case ast::ShowKind::kProperties:
    case ast::ShowKind::kPartitions:
      return session_.not_supported(fmt::format("SHOW {}", ast::show_kind_name(show.kind)), span_);
    default:
      break;
  }
  if (show.name) TRY(find_relation(*show.name));
  result_.node = show;
  return {};
}

Result<const CatalogEntry*> StatementBinder::find_relation(const ast::QualifiedName& name) const {
  const CatalogEntry* entry = session_.catalog().find(joined_name(name));
  if (entry != nullptr) return entry;
  const std::vector<std::string> names = session_.catalog().names();
  Error unknown = error(ErrorCode::kUnknownName,
                        fmt::format("there is no table '{}'", name.to_string()), name.span);
  unknown.hint = did_you_mean(name.to_string(), names);
  return unknown;
}

Status StatementBinder::bind_node(const ast::Describe& describe) {
  if (describe.call) return propose(describe);
  const CatalogEntry* entry = TRY(find_relation(describe.name));
  result_.node = BoundDescribe{describe.extended, *entry};
  return {};
}

Status StatementBinder::propose(const ast::Describe& describe) {
  const auto* call = describe.call->as<ast::Call>();
  if (call == nullptr || !is_topic_function(*call)) {
    return error(ErrorCode::kInvalidStatement, "DESCRIBE wants a relation or kafka('topic')",
                 describe.call->span);
  }
  OptionMap written;
  FoundTable found = TRY(bind_topic(session_, *call, describe.call->span, &written));
  result_.node = BoundProposal{std::move(found.table), std::move(written), std::move(found.guess)};
  return {};
}

Status StatementBinder::bind_node(const ast::Drop& drop) {
  const CatalogEntry* entry = session_.catalog().find(joined_name(drop.name));
  if (entry == nullptr) {
    if (!drop.if_exists) TRY(find_relation(drop.name));
    result_.node = BoundDrop{drop.name.to_string(), false};
    return {};
  }
  const bool is_view = std::holds_alternative<ViewDefPtr>(*entry);
  if (is_view != (drop.kind == ast::RelationKind::kView)) {
    return error(ErrorCode::kInvalidStatement,
                 fmt::format("'{}' is a {}, not a {}", entry_name(*entry), entry_kind(*entry),
                             relation_text(drop.kind)),
                 drop.name.span)
        .with_hint(fmt::format("DROP {}", to_upper(entry_kind(*entry))));
  }
  const std::string name = entry_name(*entry);
  result_.node = BoundDrop{name, true};
  session_.catalog().remove(name);
  return {};
}

const OptionInfo* StatementBinder::find_setting(std::string_view name) const {
  if (const OptionInfo* found = find_option(plan_settings(), name)) return found;
  return find_option(session_.kinds().settings(), name);
}

std::vector<std::string> StatementBinder::setting_names() const {
  std::vector<std::string> names;
  for (const OptionInfo& info : plan_settings()) names.emplace_back(info.name);
  for (const OptionInfo& info : session_.kinds().settings()) names.emplace_back(info.name);
  return names;
}

Status StatementBinder::bind_node(const ast::SetOption& set) {
  if (!set.option) {
    if (set.reset) context_.settings->clear();
    result_.node = BoundSet{"", "", set.reset};
    return {};
  }
  const ast::Option& option = *set.option;
  const OptionInfo* known = find_setting(option.key);
  if (known == nullptr) {
    return error(ErrorCode::kUnknownOption, fmt::format("there is no setting '{}'", option.key),
                 option.key_span)
        .with_hint(did_you_mean(option.key, setting_names()));
  }
  if (set.reset) {
    context_.settings->erase(option.key);
    result_.node = BoundSet{option.key, "", true};
    return {};
  }
  WrittenOptions written;
  TRY(written.add(session_, {option}));
  // Those for topics keep their variables, which may be secrets, until a topic is read.
  const std::string value = is_topic_setting(option.key) ? option.value : *written.find(option.key);
  TRY(session_.at(option.value_span, check_option_value(*known, value)));
  (*context_.settings)[option.key] = value;
  result_.node = BoundSet{option.key, value, false};
  return {};
}

Status StatementBinder::bind_node(const ast::StartJob& start) {
  WrittenOptions written;
  TRY(written.add(session_, start.options));
  StatementBinder job(session_.text(), context_);
  TRY(job.take_query_options(start.options));
  BoundStatement inner = TRY(job.bind(*start.statement));
  if (inner.plan() == nullptr) {
    return error(ErrorCode::kInvalidStatement, "START JOB needs a query to run", span_);
  }
  result_.node = BoundStartJob{
      start.name.text, std::make_shared<const BoundStatement>(std::move(inner)), written.values()};
  return {};
}

Status StatementBinder::bind_node(const ast::ControlJob& control) {
  const std::string_view action = control.action == ast::JobAction::kStop    ? "STOP"
                                  : control.action == ast::JobAction::kPause ? "PAUSE"
                                                                             : "RESUME";
  return session_.not_supported(fmt::format("{} JOB", action), span_);
}

Result<std::vector<ast::Option>> StatementBinder::take_options(
    const std::vector<ast::Option>& options, std::string_view own_name) {
  std::vector<std::string> described;
  for (const ast::Option& option : options) {
    for (const std::string_view suffix : {".type", ".connector"}) {
      if (option.key.size() > suffix.size() && option.key.ends_with(suffix)) {
        described.push_back(to_lower(option.key.substr(0, option.key.size() - suffix.size())));
      }
    }
  }
  std::vector<ast::Option> rest;
  for (const ast::Option& option : options) {
    const std::string owner = to_lower(option.key.substr(0, option.key.find('.')));
    const bool of_other = owner != to_lower(own_name) &&
                          std::find(described.begin(), described.end(), owner) != described.end();
    const OptionInfo* setting = find_setting(option.key);
    const bool of_source =
        option.key.starts_with("event.time.") || option.key.starts_with("watermark.");
    if (setting == nullptr && !of_other && !of_source) {
      rest.push_back(option);
      continue;
    }
    WrittenOptions written;
    TRY(written.add(session_, {option}));
    const std::string value = *written.find(option.key);
    if (setting != nullptr) {
      TRY(session_.at(option.value_span, check_option_value(*setting, value)));
    }
    session_.add_statement_option(option.key, value);
  }
  return rest;
}

Status StatementBinder::take_query_options(const std::vector<ast::Option>& options) {
  const std::vector<ast::Option> rest = TRY(take_options(options, ""));
  if (rest.empty()) return {};
  return error(ErrorCode::kUnknownOption,
               fmt::format("there is no option '{}' for a query", rest[0].key), rest[0].key_span)
      .with_hint(did_you_mean(rest[0].key, setting_names()));
}

}  // namespace

PlanPtr BoundStatement::plan() const {
  if (const auto* query = std::get_if<BoundQuery>(&node)) return query->plan;
  if (const auto* insert = std::get_if<BoundInsert>(&node)) return insert->plan;
  return nullptr;
}

Result<BoundStatement> bind_statement(const ast::Statement& statement, std::string_view text,
                                      const BinderContext& context) {
  return StatementBinder(text, context).bind(statement);
}

Result<PlanPtr> bind_query(const ast::Query& query, std::string_view text,
                           const BinderContext& context, std::vector<Warning>* warnings) {
  BindSession session(text, context);
  PlanPtr plan = TRY(QueryBinder(session).bind(query, nullptr, false));
  TRY(check_state(session, *plan, false));
  for (Warning& warning : session.take_warnings()) warnings->push_back(std::move(warning));
  if (!context.optimise) return plan;
  return optimise(plan, WatermarkUse::kNobodyAbove, context.parallel);
}

}  // namespace velo
