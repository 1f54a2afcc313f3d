// CREATE TABLE and STREAM: columns, computed columns, watermark, primary key.
#include "plan/table_binder.h"

#include <algorithm>

#include "base/fmt.h"
#include "plan/literals.h"

namespace velo {
namespace {

/// Metadata that every table of a source offering it has without being asked, under Velostream's
/// names.
struct SystemColumn {
  std::string_view name;
  std::string_view key;
};
constexpr SystemColumn kSystemColumns[] = {
    {"_TIMESTAMP", "timestamp"}, {"_OFFSET", "offset"}, {"_PARTITION", "partition"}};

/// Makes one table from its statement.
class TableBinder {
 public:
  TableBinder(BindSession& session, const ast::CreateTable& create, SourceSpan span)
      : session_(session), create_(create), span_(span), def_(std::make_shared<TableDef>()) {}

  Result<TableDefPtr> bind();
  Status bind_options();
  Status infer_columns();
  Result<InferredTable> add_inferred();
  Status bind_stored_columns();
  Status bind_computed_columns();
  Status check_columns() const;
  void add_system_columns();
  Status bind_watermark();
  Status bind_event_time_option();
  Status bind_primary_key();
  Status bind_partitions();
  Status check_time_pattern() const;
  TableDef& def() { return *def_; }

 private:
  Result<TableColumn> bind_metadata(const ast::ColumnDef& column);
  Status check_name(const ast::Name& name);
  Scope scope() const;
  Status set_watermark(size_t column, ExprPtr expr, SourceSpan span);
  Result<size_t> find_column(const ast::Name& name, std::string_view what) const;
  Error error(ErrorCode code, std::string message, SourceSpan span) const {
    return session_.error(code, std::move(message), span);
  }

  BindSession& session_;
  const ast::CreateTable& create_;
  SourceSpan span_;
  WrittenOptions options_;
  EventTimeOptions event_time_;
  std::shared_ptr<TableDef> def_;
};

/// `c - INTERVAL` or `c` itself: how far the watermark lies behind.
std::optional<int64_t> constant_delay(const Expr& expr, size_t column) {
  if (expr.kind() == ExprKind::kColumn && expr.index() == column) return 0;
  if (expr.kind() == ExprKind::kCast) return constant_delay(*expr.arg(0), column);
  if (expr.kind() != ExprKind::kCall || expr.function().name() != "-" || expr.args().size() != 2) {
    return std::nullopt;
  }
  const Expr& length = *expr.arg(1);
  if (!length.is_literal() || length.type().kind() != TypeKind::kIntervalDay) return std::nullopt;
  const std::optional<int64_t> before = constant_delay(*expr.arg(0), column);
  if (!before) return std::nullopt;
  return *before + length.literal()->int64_at(0);
}

Status TableBinder::bind_options() {
  def_->name = create_.name.to_string();
  def_->is_stream = create_.kind == ast::RelationKind::kStream;
  def_->temporary = create_.temporary;
  def_->comment = create_.comment.value_or("");
  TRY(options_.add(session_, create_.options));
  event_time_ = TRY(map_dialect_options(session_, def_->name, &options_, span_));
  return check_options(session_, options_, span_, def_.get());
}

Status TableBinder::infer_columns() {
  if (!create_.columns.empty() || !def_->traits.infers_columns) return {};
  TRY(add_inferred());
  return {};
}

/// The columns that data or a schema show, and the options that go with them.
Result<InferredTable> TableBinder::add_inferred() {
  InferredTable found = TRY(session_.at(span_, session_.kinds().infer_columns(def_->options)));
  if (!found.options.empty()) {
    for (const auto& [name, value] : found.options) options_.add_default(name, value);
    TRY(check_options(session_, options_, span_, def_.get()));
  }
  for (const InferredTable::Column& inferred : found.columns) {
    TableColumn column;
    column.name = inferred.name;
    column.type = inferred.type;
    column.metadata_key = inferred.metadata_key;
    if (!inferred.metadata_key.empty()) column.kind = TableColumnKind::kMetadata;
    column.is_virtual = !inferred.metadata_key.empty();
    def_->columns.push_back(std::move(column));
  }
  return found;
}

Status TableBinder::check_name(const ast::Name& name) {
  for (const TableColumn& column : def_->columns) {
    if (column.name == name.text || (!name.quoted && name.matches(column.name))) {
      return error(ErrorCode::kDuplicateName,
                   fmt::format("the column '{}' is declared twice", name.text), name.span);
    }
  }
  return {};
}

Result<TableColumn> TableBinder::bind_metadata(const ast::ColumnDef& column) {
  TableColumn bound;
  bound.kind = TableColumnKind::kMetadata;
  bound.metadata_key = column.metadata_key.value_or(column.name.text);
  bound.is_virtual = column.is_virtual;
  bound.type = TRY(bind_type(session_, *column.type));
  std::vector<std::string> keys;
  for (const Field& known : def_->traits.metadata) {
    keys.push_back(known.name);
    if (known.name != bound.metadata_key) continue;
    if (!can_cast(known.type, bound.type)) {
      return error(ErrorCode::kTypeMismatch,
                   fmt::format("metadata '{}' is {}, not {}", known.name, known.type.to_string(),
                               bound.type.to_string()),
                   column.type->span);
    }
    return bound;
  }
  Error unknown = error(
      ErrorCode::kUnknownName,
      fmt::format("connector '{}' has no metadata '{}'", def_->connector(), bound.metadata_key),
      column.span);
  unknown.hint = did_you_mean(bound.metadata_key, keys);
  if (unknown.hint.empty() && !keys.empty()) unknown.hint = "it has " + join_names(keys);
  return unknown;
}

Status TableBinder::bind_stored_columns() {
  for (const ast::ColumnDef& column : create_.columns) {
    TRY(check_name(column.name));
    TableColumn bound;
    if (column.kind == ast::ColumnKind::kMetadata) {
      bound = TRY(bind_metadata(column));
    } else if (column.kind == ast::ColumnKind::kComputed) {
      bound.kind = TableColumnKind::kComputed;
    } else if (!column.type) {
      return error(ErrorCode::kInvalidStatement,
                   fmt::format("the column '{}' has no type", column.name.text), column.name.span);
    } else {
      bound.type = TRY(bind_type(session_, *column.type));
    }
    bound.name = column.name.text;
    if (column.type) bound.length_max = length_of(*column.type);
    bound.not_null = column.type && column.type->not_null;
    bound.comment = column.comment.value_or("");
    def_->columns.push_back(std::move(bound));
  }
  return {};
}

Scope TableBinder::scope() const {
  Scope scope;
  for (const TableColumn& column : def_->columns) {
    scope.columns.push_back({def_->name, column.name, column.type, {}, column.is_system});
  }
  return scope;
}

Status TableBinder::bind_computed_columns() {
  for (size_t i = 0; i < create_.columns.size(); ++i) {
    const ast::ColumnDef& column = create_.columns[i];
    if (column.kind != ast::ColumnKind::kComputed) continue;
    Scope visible = scope();
    // A computed column sees those before it; those not bound yet have no type.
    std::vector<ExprPtr> by;
    for (size_t j = 0; j < def_->columns.size(); ++j) {
      const TableColumn& other = def_->columns[j];
      const bool unbound = other.kind == TableColumnKind::kComputed && other.computed == nullptr;
      if (unbound) visible.columns[j].name.clear();
      by.push_back(other.computed != nullptr ? other.computed
                                             : make_column(j, other.type, other.name));
    }
    ExprBinder binder(session_, visible, "a computed column");
    const ExprPtr bound = TRY(binder.bind(*column.computed));
    def_->columns[i].computed = fold_constants(substitute_columns(bound, by));
    def_->columns[i].type = bound->type();
  }
  return {};
}

Status TableBinder::check_columns() const {
  std::vector<Field> stored;
  for (const TableColumn& column : def_->columns) {
    if (column.kind == TableColumnKind::kPhysical) stored.push_back({column.name, column.type});
  }
  const std::vector<OptionProblem> problems = session_.kinds().check_columns(def_->options, stored);
  if (problems.empty()) return {};
  return session_.placed(problems[0].error, options_.key_span(problems[0].option, span_));
}

void TableBinder::add_system_columns() {
  for (const SystemColumn& system : kSystemColumns) {
    for (const Field& known : def_->traits.metadata) {
      if (known.name != system.key) continue;
      TableColumn column;
      column.name = std::string(system.name);
      column.type = known.type;
      column.kind = TableColumnKind::kMetadata;
      column.metadata_key = known.name;
      column.is_virtual = true;
      column.is_system = true;
      def_->columns.push_back(std::move(column));
    }
  }
}

Result<size_t> TableBinder::find_column(const ast::Name& name, std::string_view what) const {
  const Scope all = scope();
  const int found = all.find(name, false);
  if (found >= 0) return static_cast<size_t>(found);
  std::vector<std::string> names;
  for (const TableColumn& column : def_->columns) {
    if (!column.is_system) names.push_back(column.name);
  }
  return error(ErrorCode::kUnknownName, fmt::format("{}: there is no column '{}'", what, name.text),
               name.span)
      .with_hint(did_you_mean(name.text, names));
}

Status TableBinder::set_watermark(size_t column, ExprPtr expr, SourceSpan span) {
  const TableColumn& time = def_->columns[column];
  if (!time.type.is_timestamp()) {
    return error(ErrorCode::kTypeMismatch,
                 fmt::format("WATERMARK FOR '{}': it is {}, not a TIMESTAMP", time.name,
                             time.type.to_string()),
                 span)
        .with_hint(
            time.type.is_integer()
                ? fmt::format("compute one: event_time AS TO_TIMESTAMP_LTZ({}, 3)", time.name)
                : "compute one: event_time AS CAST(… AS TIMESTAMP(3))");
  }
  if (expr->type().kind() != time.type.kind()) {
    return error(ErrorCode::kTypeMismatch,
                 fmt::format("the watermark of '{}' is {}, not {}", time.name,
                             expr->type().to_string(), time.type.to_string()),
                 span);
  }
  std::vector<size_t> read;
  collect_columns(*expr, &read);
  for (const size_t one : read) {
    if (one != column) {
      return session_.not_supported("a WATERMARK computed from another column", span);
    }
  }
  def_->watermark = TableWatermark{column, expr, constant_delay(*expr, column)};
  return {};
}

Status TableBinder::bind_watermark() {
  if (create_.watermarks.size() > 1) {
    return session_.not_supported("a second WATERMARK", create_.watermarks[1].span);
  }
  if (create_.watermarks.empty()) return bind_event_time_option();
  const ast::WatermarkDef& watermark = create_.watermarks[0];
  if (watermark.column.parts.size() != 1) {
    return session_.not_supported("a WATERMARK for a field of a column", watermark.column.span);
  }
  if (!event_time_.field.empty()) {
    return error(ErrorCode::kInvalidStatement,
                 "'event.time.field' and WATERMARK FOR name an event time twice", event_time_.span);
  }
  const size_t column = TRY(find_column(watermark.column.parts[0], "WATERMARK FOR"));
  const Scope all = scope();
  ExprBinder binder(session_, all, "WATERMARK");
  ExprPtr expr = TRY(binder.bind(watermark.strategy));
  return set_watermark(column, std::move(expr), watermark.span);
}

Status TableBinder::bind_event_time_option() {
  if (event_time_.field.empty()) return {};
  ast::Name name;
  name.text = event_time_.field;
  name.span = event_time_.span;
  size_t column = TRY(find_column(name, "'event.time.field'"));
  const TableColumn& field = def_->columns[column];
  ExprPtr source = make_column(column, field.type, field.name);
  if (field.computed != nullptr) source = field.computed;
  const std::string& format = event_time_.format;
  if (!field.type.is_timestamp()) {
    ExprPtr time;
    if (field.type.is_integer() && (format == "epoch_millis" || format == "epoch_seconds")) {
      time = TRY(session_.at(
          event_time_.span,
          make_call("TO_TIMESTAMP_LTZ", {source, make_integer(format == "epoch_millis" ? 3 : 0)})));
    } else if (field.type.is_string() && to_upper(format) == "ISO8601") {
      time = TRY(session_.at(event_time_.span, make_cast(source, Type::timestamp_ltz(3))));
    } else {
      return error(ErrorCode::kTypeMismatch,
                   fmt::format("'event.time.field' = '{}' is {}, and 'event.time.format' = '{}'",
                               field.name, field.type.to_string(), format),
                   event_time_.span)
          .with_hint("epoch_millis or epoch_seconds for numbers, ISO8601 for strings");
    }
    TableColumn event;
    event.name = "_EVENT_TIME";
    event.type = time->type();
    event.kind = TableColumnKind::kComputed;
    event.computed = std::move(time);
    event.is_system = true;
    column = def_->columns.size();
    def_->columns.push_back(std::move(event));
  }
  const TableColumn& event = def_->columns[column];
  ExprPtr watermark = make_column(column, event.type, event.name);
  if (event_time_.delay_us > 0) {
    watermark = TRY(session_.at(
        event_time_.span,
        make_call("-", {watermark, make_int64(Type::interval_day(), event_time_.delay_us)})));
  }
  return set_watermark(column, std::move(watermark), event_time_.span);
}

Status TableBinder::bind_primary_key() {
  std::vector<ast::Name> names;
  for (const ast::ColumnDef& column : create_.columns) {
    if (column.primary_key) names.push_back(column.name);
  }
  if (create_.primary_key) {
    if (!names.empty()) {
      return error(ErrorCode::kInvalidStatement, "a second PRIMARY KEY", create_.primary_key->span);
    }
    names = create_.primary_key->columns;
  }
  for (const ast::Name& name : names) {
    const size_t column = TRY(find_column(name, "PRIMARY KEY"));
    if (def_->columns[column].kind != TableColumnKind::kPhysical) {
      return error(ErrorCode::kInvalidStatement,
                   fmt::format("PRIMARY KEY: '{}' is not stored in the table", name.text),
                   name.span);
    }
    const std::vector<size_t>& key = def_->primary_key;
    if (std::find(key.begin(), key.end(), column) != key.end()) {
      return error(ErrorCode::kDuplicateName,
                   fmt::format("PRIMARY KEY names '{}' twice", name.text), name.span);
    }
    def_->primary_key.push_back(column);
  }
  if (names.empty() && def_->traits.changes == TableChanges::kUpsert) {
    return error(ErrorCode::kInvalidStatement,
                 fmt::format("'{}' is read as changes by PRIMARY KEY and has none", def_->name),
                 options_.value_span("scan.changelog", span_))
        .with_hint("declare PRIMARY KEY (…) NOT ENFORCED");
  }
  return {};
}

Status TableBinder::bind_partitions() {
  constexpr std::string_view kCommit = "sink.partition-commit.";
  for (const auto& [name, value] : def_->options) {
    if (!name.starts_with(kCommit) || !create_.partitioned_by.empty()) continue;
    return error(ErrorCode::kBadOptionValue,
                 fmt::format("option '{}' means something with PARTITIONED BY only", name),
                 options_.key_span(name, span_));
  }
  for (const ast::Name& name : create_.partitioned_by) {
    if (def_->connector() != "filesystem") {
      return session_.not_supported(
          fmt::format("PARTITIONED BY with connector '{}'", def_->connector()), name.span);
    }
    const size_t column = TRY(find_column(name, "PARTITIONED BY"));
    const TableColumn& by = def_->columns[column];
    const bool named =
        by.type.is_string() || by.type.is_integer() || by.type.kind() == TypeKind::kDate;
    if (by.kind != TableColumnKind::kPhysical || !named) {
      return error(ErrorCode::kTypeMismatch,
                   fmt::format("PARTITIONED BY: '{}' is {}: folders are named by stored columns of "
                               "STRING, integers or DATE",
                               by.name, by.type.to_string()),
                   name.span);
    }
    def_->partitioned_by.push_back(column);
    def_->traits.encodings = {SinkEncoding::kAppend};
  }
  return check_time_pattern();
}

// Every $ of the pattern begins the name of a column that names folders.
Status TableBinder::check_time_pattern() const {
  constexpr std::string_view kPattern = "partition.time-extractor.timestamp-pattern";
  const std::string pattern = def_->option(kPattern);
  for (size_t at = pattern.find('$'); at != std::string::npos; at = pattern.find('$', at + 1)) {
    const std::string_view variable = std::string_view(pattern).substr(at + 1);
    const bool known = std::any_of(
        def_->partitioned_by.begin(), def_->partitioned_by.end(),
        [&](size_t column) { return variable.starts_with(def_->columns[column].name); });
    if (known) continue;
    return error(ErrorCode::kBadOptionValue,
                 fmt::format("option '{}': '${}' begins with no column of PARTITIONED BY", kPattern,
                             variable),
                 options_.value_span(kPattern, span_));
  }
  return {};
}

Result<TableDefPtr> TableBinder::bind() {
  TRY(bind_options());
  TRY(infer_columns());
  TRY(bind_stored_columns());
  TRY(bind_computed_columns());
  TRY(check_columns());
  add_system_columns();
  TRY(bind_watermark());
  TRY(bind_primary_key());
  TRY(bind_partitions());
  return TableDefPtr(def_);
}

}  // namespace

Result<TableDefPtr> bind_table(BindSession& session, const ast::CreateTable& create) {
  const SourceSpan span = create.name.span;
  return TableBinder(session, create, span).bind();
}

Result<TableDefPtr> bind_created_table(BindSession& session, const ast::CreateTable& create,
                                       const PlanNode& query) {
  TableBinder binder(session, create, create.name.span);
  TRY(binder.bind_options());
  for (const Field& field : query.schema->fields()) {
    TableColumn column;
    column.name = field.name;
    column.type = field.type;
    binder.def().columns.push_back(std::move(column));
  }
  binder.add_system_columns();
  TRY(binder.bind_watermark());
  TRY(binder.bind_primary_key());
  TRY(binder.bind_partitions());
  return TableDefPtr(std::make_shared<const TableDef>(std::move(binder.def())));
}

Result<FoundTable> bind_found_table(BindSession& session, const ast::CreateTable& create) {
  TableBinder binder(session, create, create.name.span);
  TRY(binder.bind_options());
  FoundTable found;
  InferredTable inferred = TRY(binder.add_inferred());
  binder.add_system_columns();
  TRY(binder.bind_watermark());
  found.guess = std::move(inferred.guess);
  found.options = std::move(inferred.options);
  found.table = std::make_shared<const TableDef>(std::move(binder.def()));
  return found;
}

namespace {

/// A CREATE TABLE that nobody wrote, for a table described where it is used.
ast::CreateTable create_of(const ast::Target& target, const OptionMap& options, SourceSpan span) {
  ast::CreateTable create;
  if (!target.name.parts.empty()) {
    create.name = target.name;
  } else {
    ast::Name name;
    name.text = *target.address;
    create.name.parts.push_back(std::move(name));
    create.name.span = span;
  }
  create.options = target.options;
  for (const auto& [key, value] : options) {
    const auto same = [&](const ast::Option& o) { return o.key == key; };
    if (std::any_of(create.options.begin(), create.options.end(), same)) continue;
    ast::Option option;
    option.key = key;
    option.value = value;
    option.key_span = span;
    option.value_span = span;
    create.options.push_back(std::move(option));
  }
  return create;
}

Result<OptionMap> options_of_address(const BindSession& session, const std::string& address,
                                     SourceSpan span) {
  OptionMap options;
  const std::string path = to_lower(address);
  const auto is_of = [&](std::string_view ending) {
    return path.find(ending) != std::string::npos;
  };
  const bool is_csv = is_of(".csv");
  const bool is_json = is_of(".json") || is_of(".ndjson");  // and .jsonl
  // A path that says what is in it needs no more: FROM 'orders.csv.gz'.
  const bool is_path = !is_of("://") && (is_csv || is_json);
  if (address.starts_with("file://") || is_path) {
    options["connector"] = "filesystem";
    options["path"] = address;
    if (is_csv || is_json) options["format"] = is_csv ? "csv" : "json";
    return options;
  }
  if (address.starts_with("kafka://")) {
    const std::string rest = address.substr(8);
    const size_t slash = rest.find('/');
    if (slash != std::string::npos && slash > 0 && slash + 1 < rest.size()) {
      options["connector"] = "kafka";
      options["properties.bootstrap.servers"] = rest.substr(0, slash);
      options["topic"] = rest.substr(slash + 1);
      return options;
    }
  }
  return session
      .error(ErrorCode::kInvalidStatement, fmt::format("'{}' is no address of a table", address),
             span)
      .with_hint("'orders.csv', 'file:///data/orders.json' or 'kafka://broker:9092/topic'");
}

}  // namespace

bool is_described_by_options(const BindSession& session, std::string_view name) {
  const std::string prefix = to_lower(name) + ".";
  return std::any_of(
      session.statement_options().begin(), session.statement_options().end(),
      [&](const auto& option) { return to_lower(option.first).starts_with(prefix); });
}

Result<TableDefPtr> bind_inline_table(BindSession& session, const ast::Target& target,
                                      bool as_source) {
  OptionMap options;
  if (target.address) {
    options = TRY(options_of_address(session, *target.address, target.span));
  } else {
    const std::string prefix = to_lower(target.name.to_string()) + ".";
    for (const auto& [key, value] : session.statement_options()) {
      if (to_lower(key).starts_with(prefix)) options[key.substr(prefix.size())] = value;
    }
  }
  for (const std::string_view name : {"event.time.field", "event.time.format", "watermark.strategy",
                                      "watermark.max_out_of_orderness"}) {
    const auto found = session.statement_options().find(name);
    if (as_source && found != session.statement_options().end()) {
      options.emplace(found->first, found->second);
    }
  }
  const ast::CreateTable create = create_of(target, options, target.span);
  if (as_source) {
    FoundTable found = TRY(bind_found_table(session, create));
    warn_of_guess(session, found, target.span);
    return found.table;
  }
  TableBinder binder(session, create, target.span);
  TRY(binder.bind_options());
  return TableDefPtr(std::make_shared<const TableDef>(std::move(binder.def())));
}

}  // namespace velo
