#include "engine/engine.h"

#include <algorithm>
#include <cstdlib>

#include "base/fmt.h"
#include "engine/answers.h"
#include "engine/query_state.h"
#include "engine/table_kinds.h"
#include "plan/binder.h"
#include "plan/explain.h"
#include "sql/parser.h"

namespace velo {
namespace {

constexpr const char* kNothingToRun = "not supported yet: ";

Error as_error(const Warning& warning) {
  Error error(ErrorCode::kInvalidStatement, warning.message);
  error.place = warning.place;
  error.excerpt = warning.excerpt;
  error.hint = warning.hint;
  return error;
}

Error named(Error error, std::string_view source_name) {
  if (error.place.source.empty() && error.place.line > 0) error.place.source = source_name;
  return error;
}

uint64_t number_setting(const OptionMap& settings, std::string_view name, uint64_t otherwise) {
  const auto at = settings.find(name);
  if (at == settings.end()) return otherwise;
  const uint64_t value = std::strtoull(at->second.c_str(), nullptr, 10);
  return value > 0 ? value : otherwise;
}

}  // namespace

struct Engine::State {
  EngineOptions options;
  SystemClock system_clock;
  LocalFileSystem local_files;
  Clock* clock;
  FileSystem* files;
  EngineTableKinds kinds;
  Catalog catalog;
  OptionMap settings;

  explicit State(EngineOptions given)
      : options(std::move(given)),
        clock(options.clock ? options.clock : &system_clock),
        files(options.files ? options.files : &local_files),
        kinds(*files, *clock),
        settings(options.settings) {
    if (!options.variables) {
      options.variables = [](std::string_view name) -> std::optional<std::string> {
        const char* value = std::getenv(std::string(name).c_str());
        if (value == nullptr) return std::nullopt;
        return std::string(value);
      };
    }
  }
  BinderContext context(Catalog& in, OptionMap& with) const {
    return {&in, &kinds, &with, options.variables, true};
  }
  Status carry_out(const BoundStatement& bound, size_t number, Query::State& query,
                   std::vector<PlanPtr>* plans);
  Status build_job(const std::vector<PlanPtr>& plans, Query::State& query);
};

// What a bound statement asks for: an answer now, or a plan to run.
Status Engine::State::carry_out(const BoundStatement& bound, size_t number, Query::State& query,
                                std::vector<PlanPtr>* plans) {
  for (const Warning& warning : bound.warnings) query.notices.push_back(as_error(warning));
  if (const PlanPtr plan = bound.plan()) {
    if (plan->kind != PlanKind::kSink) {
      query.results.push_back(
          {number, plan->schema, plan->changelog.changing, plan->changelog.key, plan->bounded});
    }
    plans->push_back(plan);
    return {};
  }
  if (const auto* explained = std::get_if<BoundExplain>(&bound.node)) {
    if (explained->analyze) {
      return Error(ErrorCode::kNotSupported, fmt::format("{}EXPLAIN ANALYZE", kNothingToRun));
    }
    const PlanPtr plan = explained->statement->plan();
    query.answers.push_back(
        {number, text_answer("plan", plan ? velo::explain(*plan) : "nothing to run\n")});
  } else if (const auto* described = std::get_if<BoundDescribe>(&bound.node)) {
    query.answers.push_back({number, describe_answer(described->entry)});
  } else if (const auto* show = std::get_if<ast::Show>(&bound.node)) {
    query.answers.push_back({number, TRY(show_answer(*show, catalog, settings))});
  } else if (std::holds_alternative<BoundStartJob>(bound.node) ||
             std::holds_alternative<ast::ControlJob>(bound.node)) {
    return Error(ErrorCode::kNotSupported,
                 fmt::format("{}job control outside of velo serve", kNothingToRun));
  }
  return {};
}

Status Engine::State::build_job(const std::vector<PlanPtr>& plans, Query::State& query) {
  query.batch_rows = number_setting(settings, "batch-rows", options.batch_rows);
  if (plans.empty()) return {};
  query.lowered = TRY(lower(plans, catalog, {*files, *clock, query.batch_rows}));
  JobOptions job;
  job.clock = clock;
  job.parallelism =
      static_cast<uint32_t>(number_setting(settings, "parallelism", options.parallelism));
  query.job = std::make_unique<Job>(std::move(query.lowered.graph), job);
  return {};
}

Engine::Engine(EngineOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Result<std::unique_ptr<Query>> Engine::query(std::string_view sql, std::string_view source_name) {
  auto parsed = parse_script(sql);
  if (!parsed) return named(std::move(parsed).error(), source_name);
  auto query = std::make_unique<Query::State>();
  std::vector<PlanPtr> plans;
  for (size_t i = 0; i < parsed->statements.size(); ++i) {
    const ast::Statement& statement = parsed->statements[i];
    auto bound = bind_statement(statement, sql, state_->context(state_->catalog, state_->settings));
    if (!bound) return named(std::move(bound).error(), source_name);
    Status done = state_->carry_out(*bound, i, *query, &plans);
    if (!done && done.error().place.line == 0) {
      return named(error_at(done.error().code, done.error().message, sql, statement.span)
                       .with_hint(done.error().hint),
                   source_name);
    }
    TRY(done);
  }
  TRY(state_->build_job(plans, *query));
  return std::unique_ptr<Query>(new Query(std::move(query)));
}

bool Engine::CheckReport::has_errors() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return !f.is_warning; });
}

Engine::CheckReport Engine::check(std::string_view sql, std::string_view source_name) {
  CheckReport report;
  ScriptWithErrors parsed = parse_script_with_errors(sql);
  for (Error& error : parsed.errors)
    report.findings.push_back({named(std::move(error), source_name), false});
  Catalog catalog = state_->catalog;
  OptionMap settings = state_->settings;
  std::vector<Finding> warnings;
  for (const ast::Statement& statement : parsed.script.statements) {
    auto bound = bind_statement(statement, sql, state_->context(catalog, settings));
    if (!bound) {
      report.findings.push_back({named(std::move(bound).error(), source_name), false});
      continue;
    }
    for (const Warning& warning : bound->warnings) {
      warnings.push_back({named(as_error(warning), source_name), true});
    }
    if (const PlanPtr plan = bound->plan()) report.state_bounds.push_back(state_bounds_text(*plan));
  }
  report.findings.insert(report.findings.end(), warnings.begin(), warnings.end());
  return report;
}

Result<std::string> Engine::explain(std::string_view sql, std::string_view source_name) {
  auto parsed = parse_script(sql);
  if (!parsed) return named(std::move(parsed).error(), source_name);
  Catalog catalog = state_->catalog;
  OptionMap settings = state_->settings;
  std::string out;
  for (const ast::Statement& statement : parsed->statements) {
    auto bound = bind_statement(statement, sql, state_->context(catalog, settings));
    if (!bound) return named(std::move(bound).error(), source_name);
    PlanPtr plan = bound->plan();
    if (const auto* explained = std::get_if<BoundExplain>(&bound->node))
      plan = explained->statement->plan();
    if (!plan) continue;
    if (!out.empty()) out += "\n";
    out += velo::explain(*plan);
  }
  return out;
}

const OptionMap& Engine::settings() const { return state_->settings; }

std::vector<std::string> Engine::relation_names() const { return state_->catalog.names(); }

}  // namespace velo
