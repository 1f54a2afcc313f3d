#include "engine/engine.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/fmt.h"
#include "engine/answers.h"
#include "engine/lint.h"
#include "engine/lower.h"
#include "engine/query_state.h"
#include "engine/replay_of.h"
#include "engine/shared_input.h"
#include "engine/table_kinds.h"
#include "engine/topic_properties.h"
#include "expr/time_zone.h"
#include "plan/binder.h"
#include "plan/explain.h"
#include "sql/parser.h"

namespace velo {
namespace {

constexpr size_t kHeadlineBytes = 80;

/// ${NAME} is a variable of the environment, ${file:/path} a file: how secrets come to a machine.
std::optional<std::string> environment(std::string_view name) {
  if (name.starts_with("file:")) {
    LocalFileSystem files;
    Result<std::string> content = read_whole_file(files, std::string(name.substr(5)));
    if (!content) return std::nullopt;
    while (content->ends_with('\n') || content->ends_with('\r')) content->pop_back();
    return std::move(*content);
  }
  const char* value = std::getenv(std::string(name).c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

Error in_source(Error error, std::string_view source_name) {
  if (error.place.source.empty()) error.place.source = std::string(source_name);
  return error;
}

/// As an error for those who print both; its code does not count.
Error as_error(const Warning& warning, std::string_view source_name) {
  Error error(ErrorCode::kInvalidStatement, warning.message);
  error.place = warning.place;
  if (error.place.source.empty()) error.place.source = std::string(source_name);
  error.excerpt = warning.excerpt;
  error.hint = warning.hint;
  return error;
}

/// The physical columns of a table and where they stand.
std::pair<SchemaPtr, std::vector<size_t>> physical_columns(const TableDef& table) {
  std::vector<Field> fields;
  std::vector<size_t> numbers;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].kind != TableColumnKind::kPhysical) continue;
    fields.push_back({table.columns[i].name, table.columns[i].type});
    numbers.push_back(i);
  }
  return {make_schema(std::move(fields)), std::move(numbers)};
}

/// All tables that a plan reads.
void collect_tables(const PlanNode& plan, std::vector<TableDefPtr>& tables) {
  if (plan.kind == PlanKind::kScan) {
    const TableDefPtr& table = plan.as<ScanNode>().table;
    if (std::find(tables.begin(), tables.end(), table) == tables.end()) tables.push_back(table);
  }
  for (const PlanPtr& input : plan.inputs) collect_tables(*input, tables);
}

bool is_about_unbounded_state(const Warning& warning) {
  return warning.message.find("unbounded") != std::string::npos;
}

}  // namespace

struct Engine::State {
  explicit State(EngineOptions o)
      : options(std::move(o)),
        clock(options.clock ? *options.clock : system_clock),
        files(options.files ? *options.files : local_files),
        kinds({files, clock, options.kafka_properties}),
        settings(options.settings) {
    if (!options.variables) options.variables = environment;
  }

  BinderContext binder(Catalog& in, OptionMap& with) const {
    const auto found = with.find("parallelism");
    const bool parallel = found == with.end() ? options.parallelism > 1 : found->second != "1";
    return {&in, &kinds, &with, options.variables, true, parallel};
  }
  Result<uint64_t> number(std::string_view setting, uint64_t otherwise) const {
    const auto found = settings.find(setting);
    if (found == settings.end()) return otherwise;
    const uint64_t value = std::strtoull(found->second.c_str(), nullptr, 10);
    if (value > 0 && value <= 1'000'000) return value;
    return Error(
        ErrorCode::kBadOptionValue,
        fmt::format("setting '{}' = '{}' is not between 1 and 1000000", setting, found->second));
  }
  std::string text(std::string_view setting) const {
    const auto found = settings.find(setting);
    return found == settings.end() ? std::string() : found->second;
  }
  int64_t commit_interval_us() const {
    constexpr int64_t kDefaultUs = 1'000'000;
    const auto found = settings.find("commit.interval");
    if (found == settings.end()) return kDefaultUs;
    return std::max<int64_t>(1000, parse_duration_us(found->second).value_or(kDefaultUs));
  }
  Result<const TimeZone*> zone() const {
    const auto found = settings.find("table.local-time-zone");
    return found == settings.end() ? Result<const TimeZone*>(TimeZone::utc())
                                   : TimeZone::find(found->second);
  }

  SystemClock system_clock;
  LocalFileSystem local_files;
  EngineOptions options;
  Clock& clock;
  FileSystem& files;
  EngineTableKinds kinds;
  Catalog catalog;
  OptionMap settings;
};

namespace {

/// A script on its way to a query.
struct Script {
  std::vector<LowerInput> plans;
  std::vector<Answer> answers;
  std::vector<ResultInfo> results;
  std::vector<Error> notices;
};

ResultInfo result_info(const PlanNode& plan, size_t statement) {
  ResultInfo info;
  info.statement = statement;
  info.schema = plan.schema;
  info.changing = plan.changelog.changing;
  info.key = plan.changelog.key;
  info.bounded = plan.bounded;
  return info;
}

}  // namespace

Engine::Engine(EngineOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

/// What needs the private parts of Query and Engine.
class QueryBuilder {
 public:
  explicit QueryBuilder(Engine::State& engine) : engine_(engine) {}

  Result<std::unique_ptr<Query>> build(Script script, const Catalog& catalog) {
    auto state = std::make_unique<Query::State>();
    state->answers = std::move(script.answers);
    state->results = std::move(script.results);
    state->notices = std::move(script.notices);
    state->batch_rows = TRY(engine_.number("batch-rows", engine_.options.batch_rows));
    for (size_t i = 0; i < state->results.size(); ++i) {
      state->deliveries.push_back(std::make_unique<Query::State::Delivery>());
    }
    if (!script.plans.empty()) TRY(make_job(script.plans, catalog, *state));
    return std::unique_ptr<Query>(new Query(std::move(state)));
  }

 private:
  Status make_job(const std::vector<LowerInput>& given, const Catalog& catalog,
                  Query::State& state) {
    LowerContext context{.connectors = {engine_.files, engine_.clock}};
    context.batch_rows = state.batch_rows;
    context.connectors.kafka_properties = engine_.options.kafka_properties;
    context.connectors.legacy = &state.legacy;
    context.zone = TRY(engine_.zone());
    context.application = engine_.text("application.id");
    context.parallelism =
        static_cast<uint32_t>(TRY(engine_.number("parallelism", engine_.options.parallelism)));
    context.result_callback = [&state](size_t result) -> OutputCallback {
      Query::State::Delivery* to = state.deliveries[result].get();
      return [&state, to](const Batch& rows) { state.deliver(*to, rows); };
    };
    context.output_callback = [&state](const std::string& table) -> OutputCallback {
      return [&state, to = &state.outputs[table]](const Batch& rows) { state.deliver(*to, rows); };
    };
    JobOptions options;
    options.clock = &engine_.clock;
    options.parallelism = context.parallelism;
    options.zone = context.zone;
    options.commit_interval_us = engine_.commit_interval_us();
    std::vector<PlanPtr> roots;
    for (const LowerInput& input : given) roots.push_back(input.plan);
    if (!context.application.empty()) roots = TRY(share_inputs(roots, context.application));
    std::vector<LowerInput> plans = given;
    for (size_t i = 0; i < plans.size(); ++i) plans[i].plan = roots[i];
    context.replay = replay_of(roots);
    state.make_job = [plans, catalog, context, options]() mutable -> Result<std::unique_ptr<Job>> {
      context.catalog = &catalog;
      auto job = std::make_unique<Job>(TRY(lower(plans, context)), options);
      options.goes_on = true;
      return job;
    };
    state.use(TRY(state.make_job()));
    describe_outputs(plans, state);
    add_pushed_tables(plans, state.job->graph(), state);
    return {};
  }

  static void describe_outputs(const std::vector<LowerInput>& plans, Query::State& state) {
    for (const LowerInput& input : plans) {
      if (input.plan->kind != PlanKind::kSink) continue;
      const auto& sink = static_cast<const SinkNode&>(*input.plan);
      const auto found = state.outputs.find(sink.table->name);
      if (found == state.outputs.end() || !sink.changelog.changing) continue;
      found->second.changing = true;
      found->second.key = sink.changelog.key;
    }
  }

  void add_pushed_tables(const std::vector<LowerInput>& plans, const JobGraph& graph,
                         Query::State& state) {
    std::vector<TableDefPtr> tables;
    for (const LowerInput& input : plans) collect_tables(*input.plan, tables);
    for (size_t i = 0; i < graph.sources.size(); ++i) {
      const SourceSpec& spec = graph.sources[i].spec;
      if (spec.make_source) continue;
      const auto table = std::find_if(tables.begin(), tables.end(),
                                      [&](const TableDefPtr& t) { return t->name == spec.table; });
      Query::State::Pushed pushed;
      pushed.table = spec.table;
      pushed.source = i;
      pushed.schema = physical_columns(**table).first;
      const size_t decoded = spec.layout->size() - spec.metadata.size();
      std::vector<Field> fields(spec.layout->fields().begin(),
                                spec.layout->fields().begin() + static_cast<ptrdiff_t>(decoded));
      for (const Field& field : fields) {
        pushed.layout.push_back(static_cast<size_t>(pushed.schema->index_of(field.name)));
      }
      pushed.layout_schema = make_schema(std::move(fields));
      pushed.partitions = spec.pushed_partitions;
      pushed.changes = (*table)->traits.changes != TableChanges::kNone;
      state.targets.push_back(std::make_unique<Query::State::Target>(state, state.pushed.size()));
      state.pushed.push_back(std::move(pushed));
    }
  }

  Engine::State& engine_;
};

namespace {

/// What instances read again whenever partitions move.
std::string explain_replay(const PlanPtr& plan) {
  std::string text;
  for (const auto& [source, rule] : replay_of({plan})) {
    if (rule.kind != ReplayRule::Kind::kNever) continue;
    text += fmt::format(
        "When partitions move, '{}' is read again from where the application began: {} keeps state "
        "of all rows\n",
        source, rule.why);
  }
  return text;
}

/// The plan as it runs with these settings.
Result<std::string> explain_shared(const PlanPtr& plan, const OptionMap& settings) {
  const auto application = settings.find("application.id");
  if (application == settings.end() || application->second.empty()) return explain(*plan);
  const PlanPtr shared = TRY(share_inputs({plan}, application->second))[0];
  return explain(*shared) + explain_replay(shared);
}

/// Carries out what a bound statement says, but for running it.
class StatementRunner {
 public:
  StatementRunner(Script& script, const BinderContext& binding, const ConnectorContext& connectors,
                  size_t statement)
      : script_(script),
        binding_(binding),
        catalog_(*binding.catalog),
        settings_(*binding.settings),
        connectors_(connectors),
        statement_(statement) {}

  Status run(const BoundStatement& bound) {
    return std::visit([&](const auto& node) { return run(node); }, bound.node);
  }

  const PlanPtr& analyzed() const { return analyzed_; }

 private:
  Status run(const BoundQuery& query) {
    script_.plans.push_back({query.plan, script_.results.size()});
    script_.results.push_back(result_info(*query.plan, statement_));
    return {};
  }
  Status run(const BoundInsert& insert) {
    script_.plans.push_back({insert.plan, 0});
    return {};
  }
  Status run(const BoundDefinition&) { return {}; }
  Status run(const BoundDrop&) { return {}; }
  Status run(const BoundSet& set) {
    if (set.name.empty() && !set.reset) answer(show_settings(settings_));
    return {};
  }
  Status run(const BoundExplain& explained) {
    const PlanPtr plan = explained.statement->plan();
    if (plan == nullptr) {
      return Error(ErrorCode::kInvalidStatement, "EXPLAIN needs a query");
    }
    if (explained.analyze) {
      analyzed_ = plan;
    } else {
      answer(lines_as_rows("plan", TRY(explain_shared(plan, settings_))));
    }
    return {};
  }
  Status run(const BoundDescribe& described) {
    answer(describe(described.entry, described.extended));
    return {};
  }
  Status run(const BoundProposal& proposal) {
    answer(describe_proposal(proposal));
    return {};
  }
  Status run(const ast::Show& wanted) {
    if (wanted.kind == ast::ShowKind::kTopics) {
      const OptionMap properties =
          TRY(topic_properties(settings_, binding_.variables, "whose topics to show"));
      answer(TRY(show_topics(wanted, properties, connectors_)));
      return {};
    }
    answer(TRY(show(wanted, catalog_, settings_)));
    return {};
  }
  Status run(const BoundStartJob& start) { return run(*start.statement); }
  Status run(const ast::ControlJob& control) {
    return Error(ErrorCode::kNotSupported,
                 fmt::format("not supported yet: control of job '{}'", control.name.text));
  }
  void answer(Batch rows) { script_.answers.push_back({statement_, std::move(rows)}); }

  Script& script_;
  const BinderContext& binding_;
  Catalog& catalog_;
  OptionMap& settings_;
  ConnectorContext connectors_;
  size_t statement_;
  PlanPtr analyzed_;
};

Error at_statement(Error error, const ast::Statement& statement, std::string_view text,
                   std::string_view source_name) {
  if (error.place.line == 0 && error.place.source.empty()) {
    Error placed = error_at(error.code, std::move(error.message), text, statement.span);
    placed.hint = std::move(error.hint);
    error = std::move(placed);
  }
  return in_source(std::move(error), source_name);
}

}  // namespace

Result<std::unique_ptr<Query>> Engine::query(std::string_view sql, std::string_view source_name) {
  const Result<ast::Script> parsed = parse_script(sql);
  if (!parsed) return in_source(parsed.error(), source_name);
  Script script;
  for (size_t i = 0; i < parsed->statements.size(); ++i) {
    const ast::Statement& statement = parsed->statements[i];
    const BinderContext binding = state_->binder(state_->catalog, state_->settings);
    const Result<BoundStatement> bound = bind_statement(statement, sql, binding);
    if (!bound) return in_source(bound.error(), source_name);
    for (const Warning& warning : bound->warnings) {
      if (!state_->options.bare_select_warns && is_about_unbounded_state(warning)) {
        Error refused = as_error(warning, source_name);
        refused.code = ErrorCode::kUnboundedState;
        return refused;
      }
      script.notices.push_back(as_error(warning, source_name));
    }
    const ConnectorContext connectors{state_->files, state_->clock,
                                      state_->options.kafka_properties};
    StatementRunner runner(script, binding, connectors, i);
    const Status run = runner.run(*bound);
    if (!run) return at_statement(run.error(), statement, sql, source_name);
    if (runner.analyzed()) {
      Result<std::string> text = analyze(runner.analyzed());
      if (!text) return at_statement(text.error(), statement, sql, source_name);
      script.answers.push_back({i, lines_as_rows("plan", *text)});
    }
  }
  Result<std::unique_ptr<Query>> built =
      QueryBuilder(*state_).build(std::move(script), state_->catalog);
  if (!built) return in_source(built.error(), source_name);
  return built;
}

Result<std::string> Engine::analyze(const PlanPtr& plan) {
  if (!plan->bounded) {
    return Error(ErrorCode::kNotSupported,
                 "not supported yet: EXPLAIN ANALYZE of a query that does not end by itself");
  }
  Script script;
  script.plans.push_back({plan, 0});
  script.results.push_back(result_info(*plan, 0));
  const auto query = TRY(QueryBuilder(*state_).build(std::move(script), state_->catalog));
  TRY(query->run());
  return velo::explain(*plan) + "\n" + query->state_->job->analyze();
}

bool Engine::CheckReport::has_errors() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return !finding.is_warning; });
}

Engine::CheckReport Engine::check(std::string_view sql, std::string_view source_name) {
  CheckReport report;
  ScriptWithErrors parsed = parse_script_with_errors(sql);
  for (Error& error : parsed.errors) {
    report.findings.push_back({in_source(std::move(error), source_name), false});
  }
  Catalog catalog = state_->catalog;
  OptionMap settings = state_->settings;
  std::vector<Finding> warnings;
  std::vector<PlanPtr> plans;
  for (const ast::Statement& statement : parsed.script.statements) {
    const Result<BoundStatement> bound =
        bind_statement(statement, sql, state_->binder(catalog, settings));
    if (!bound) {
      report.findings.push_back({in_source(bound.error(), source_name), false});
      continue;
    }
    for (const Warning& warning : bound->warnings) {
      warnings.push_back({as_error(warning, source_name), true});
    }
    if (const PlanPtr plan = bound->plan()) {
      plans.push_back(plan);
      if (const Result<std::string> shared = explain_shared(plan, settings); !shared) {
        report.findings.push_back(
            {at_statement(shared.error(), statement, sql, source_name), false});
        continue;
      }
      const std::string place = statement_place(statement, sql, source_name);
      for (const std::string& state : state_texts(*plan)) {
        report.state_bounds.push_back(fmt::format("{}: {}", place, state));
      }
    }
  }
  if (!report.has_errors()) {
    for (Error& note : unused_tables(parsed.script, sql, plans)) {
      warnings.push_back({in_source(std::move(note), source_name), true});
    }
  }
  std::move(warnings.begin(), warnings.end(), std::back_inserter(report.findings));
  return report;
}

Result<std::string> Engine::explain(std::string_view sql, std::string_view source_name) {
  const Result<ast::Script> parsed = parse_script(sql);
  if (!parsed) return in_source(parsed.error(), source_name);
  Catalog catalog = state_->catalog;
  OptionMap settings = state_->settings;
  std::vector<std::pair<const ast::Statement*, std::string>> plans;
  for (const ast::Statement& statement : parsed->statements) {
    const Result<BoundStatement> bound =
        bind_statement(statement, sql, state_->binder(catalog, settings));
    if (!bound) return in_source(bound.error(), source_name);
    PlanPtr plan = bound->plan();
    if (const auto* inner = std::get_if<BoundExplain>(&bound->node)) {
      plan = inner->statement->plan();
    }
    if (plan == nullptr) continue;
    const Result<std::string> text = explain_shared(plan, settings);
    if (!text) return at_statement(text.error(), statement, sql, source_name);
    plans.emplace_back(&statement, *text);
  }
  if (plans.size() == 1) return plans[0].second;
  std::string text;
  for (const auto& [statement, plan] : plans) {
    if (!text.empty()) text += '\n';
    text += fmt::format("{}: {}\n{}", statement_place(*statement, sql, source_name),
                        statement_headline(*statement, sql, kHeadlineBytes), plan);
  }
  return text;
}

Result<ReplayReport> Engine::replay_letters(const ReplayRequest& request) {
  const std::string what = fmt::format("of '{}'", request.topic);
  const OptionMap properties =
      TRY(topic_properties(state_->settings, state_->options.variables, what));
  return velo::replay_letters(request, properties,
                              {state_->files, state_->clock, state_->options.kafka_properties});
}

const OptionMap& Engine::settings() const { return state_->settings; }

std::vector<std::string> Engine::relation_names() const { return state_->catalog.names(); }

}  // namespace velo
