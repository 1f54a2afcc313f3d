// One way through a golden file. The runner is the query's only thread: it pushes, moves the clock
// and calls `step`, so that everything happens in the file's order. Snapshot and restore replace
// the engine and the query by fresh ones under the runner's feet; what has come out so far stays
// with the runner.
#include "cli/golden_run.h"

#include <cstdlib>
#include <map>
#include <set>

#include "base/clock.h"
#include "base/fmt.h"
#include "cli/golden_rows.h"
#include "column/time_text.h"
#include "engine/engine.h"

namespace velo {
namespace {

/// 2024-01-01T00:00:00Z, a Monday.
constexpr int64_t kClockStartUs = int64_t{1'704'067'200} * kUsPerSecond;

std::string replace_all(std::string text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// Rows of one result or output table.
struct Port {
  bool changing = false;
  std::vector<size_t> key;
  std::vector<std::string> rows;
  size_t shown = 0;       ///< so many were looked at
  size_t checkpoint = 0;  ///< so many there were at the last checkpoint
};

class GoldenRun {
 public:
  GoldenRun(const GoldenFile& file, const GoldenWay& way, FileSystem& files, std::string scratch)
      : file_(file), way_(way), files_(files), scratch_(std::move(scratch)), clock_(kClockStartUs) {
    outcome_.steps.resize(file.steps.size());
  }

  GoldenOutcome run() {
    engine_ = make_engine();
    for (at_ = 0; at_ < file_.steps.size(); ++at_) {
      here().reached = true;
      do_step(file_.steps[at_]);
    }
    leave_query();
    return std::move(outcome_);
  }

 private:
  GoldenStepOutcome& here() { return outcome_.steps[at_]; }
  std::string neutral(std::string text) const {
    return replace_all(std::move(text), scratch_, "${TMP}");
  }
  Error neutral(Error error) const {
    error.message = neutral(std::move(error.message));
    error.place.source = neutral(std::move(error.place.source));
    error.hint = neutral(std::move(error.hint));
    return error;
  }

  std::unique_ptr<Engine> make_engine();
  void do_step(const GoldenStep& step);

  void do_statement(const GoldenStep& step);
  void start_query(const GoldenStep& step);
  void leave_query();
  std::set<std::string> output_tables() const;
  Status open_query(const std::string* snapshot);
  void watch(Port& port, const Batch& batch);
  Status replace_query(const std::string* snapshot);

  /// A step that makes the query do something.
  void act(const GoldenStep& step);
  Status perform(const GoldenStep& step);
  Status push(const GoldenStep& step);
  Status finish(const GoldenStep& step);
  Status settle();
  void restore();

  void do_checkpoint();
  void do_restart();
  void claim_error();
  void take_output(const GoldenStep& step);
  void take_stats();
  void take_warnings();
  void take_schema();
  void write_file(const GoldenStep& step);
  void read_files(const GoldenStep& step);

  const GoldenFile& file_;
  const GoldenWay way_;
  FileSystem& files_;
  const std::string scratch_;
  ManualClock clock_;
  GoldenOutcome outcome_;
  size_t at_ = 0;  // current step

  std::unique_ptr<Engine> engine_;
  std::vector<const GoldenStep*> statements_;  // that took effect
  const GoldenStep* query_step_ = nullptr;
  size_t query_at_ = 0;
  std::unique_ptr<Query> query_;
  std::map<std::string, Port> ports_;  // "" = the first SELECT, "#2" the second, else a table
  std::vector<std::string> warnings_;
  bool done_ = false;
  std::optional<Error> failure_;
  size_t failed_at_ = 0;

  std::optional<std::string> snapshot_;  // of the last checkpoint
  int64_t checkpoint_us_ = kClockStartUs;
  std::vector<const GoldenStep*> since_checkpoint_;
};

std::unique_ptr<Engine> GoldenRun::make_engine() {
  EngineOptions options;
  options.clock = &clock_;
  options.files = &files_;
  options.parallelism = way_.parallelism;
  options.batch_rows = way_.batch_rows;
  options.variables = [this](std::string_view name) -> std::optional<std::string> {
    if (name == "TMP") return scratch_;
    if (name == "DIR") return path_directory(file_.path);
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  return std::make_unique<Engine>(std::move(options));
}

void GoldenRun::do_step(const GoldenStep& step) {
  switch (step.kind) {
    case GoldenKind::kStatement:
      return do_statement(step);
    case GoldenKind::kQuery:
      return start_query(step);
    case GoldenKind::kInput:
    case GoldenKind::kWatermark:
    case GoldenKind::kClock:
    case GoldenKind::kEnd:
      return act(step);
    case GoldenKind::kOutput:
      return take_output(step);
    case GoldenKind::kCheckpoint:
      return do_checkpoint();
    case GoldenKind::kRestart:
      return do_restart();
    case GoldenKind::kError:
      return claim_error();
    case GoldenKind::kStats:
      return take_stats();
    case GoldenKind::kWarnings:
      return take_warnings();
    case GoldenKind::kSchema:
      return take_schema();
    case GoldenKind::kWrite:
      return write_file(step);
    case GoldenKind::kRead:
      return read_files(step);
  }
}

/// Steps until all is done; for statements that run by themselves.
Status run_to_end(Query& query) {
  constexpr int kStepsMax = 1'000'000;
  for (int i = 0; i < kStepsMax; ++i) {
    if (TRY(query.step())) return query.finish();
  }
  return Error(ErrorCode::kLimitExceeded, "the statement does not come to an end");
}

void GoldenRun::do_statement(const GoldenStep& step) {
  Result<std::unique_ptr<Query>> query = engine_->query(step.text);
  if (!query) {
    here().error = neutral(query.error());
    return;
  }
  statements_.push_back(&step);
  for (const Error& notice : (*query)->notices()) warnings_.push_back(neutral(notice.to_string()));
  for (const Answer& answer : (*query)->answers()) {
    append_golden_rows(answer.rows, false, {}, here().lines);
  }
  for (std::string& line : here().lines) line = neutral(std::move(line));
  if (!(*query)->has_jobs()) return;
  const Status ran = run_to_end(**query);
  if (!ran) here().error = neutral(ran.error());
}

void GoldenRun::start_query(const GoldenStep& step) {
  leave_query();
  ports_.clear();
  query_step_ = &step;
  query_at_ = at_;
  snapshot_.reset();
  since_checkpoint_.clear();
  checkpoint_us_ = clock_.now_us();
  const Status opened = open_query(nullptr);
  if (!opened) {
    query_.reset();
    here().error = neutral(opened.error());
    return;
  }
  if (way_.restore) restore();
  take_output(step);
}

void GoldenRun::leave_query() {
  if (query_step_ == nullptr) return;
  for (const auto& [name, port] : ports_) {
    for (size_t i = port.shown; i < port.rows.size(); ++i) {
      outcome_.steps[query_at_].unclaimed.push_back(
          name.empty() ? port.rows[i] : fmt::format("{}: {}", name, port.rows[i]));
    }
  }
  query_.reset();
  query_step_ = nullptr;
  failure_.reset();
  done_ = false;
}

void GoldenRun::watch(Port& port, const Batch& batch) {
  append_golden_rows(batch, port.changing || batch.weights != nullptr, port.key, port.rows);
}

/// The tables whose rows the steps after the query look at.
std::set<std::string> GoldenRun::output_tables() const {
  std::set<std::string> tables;
  for (size_t i = query_at_ + 1; i < file_.steps.size(); ++i) {
    const GoldenStep& step = file_.steps[i];
    if (step.kind == GoldenKind::kQuery) break;
    if (step.kind == GoldenKind::kOutput && !step.name.empty() && step.name[0] != '#') {
      tables.insert(step.name);
    }
  }
  return tables;
}

Status GoldenRun::open_query(const std::string* snapshot) {
  const bool first = ports_.empty();
  std::unique_ptr<Query> query = TRY(engine_->query(query_step_->text));
  if (first) {
    for (const Error& notice : query->notices()) warnings_.push_back(neutral(notice.to_string()));
    Port& port = ports_[""];
    for (const Answer& answer : query->answers()) {
      append_golden_rows(answer.rows, false, {}, port.rows);
    }
  }
  for (size_t i = 0; i < query->results().size(); ++i) {
    Port& port = ports_[i == 0 ? std::string() : fmt::format("#{}", i + 1)];
    port.changing = query->results()[i].changing;
    port.key = query->results()[i].key;
    query->on_result(i, [this, &port](const Batch& batch) { watch(port, batch); });
  }
  for (const std::string& table : output_tables()) {
    Port& port = ports_[table];
    port.changing = query->output_changes(table);
    port.key = query->output_key(table);
    TRY(query->on_output(table, [this, &port](const Batch& batch) { watch(port, batch); }));
  }
  if (snapshot != nullptr) TRY(query->load(*snapshot));
  query_ = std::move(query);
  return snapshot == nullptr ? settle() : Status();
}

Status GoldenRun::settle() {
  if (!query_->has_jobs() || done_) return {};
  done_ = TRY(query_->step());
  return {};
}

/// The next life of the query: a fresh engine, the same statements, the same state.
Status GoldenRun::replace_query(const std::string* snapshot) {
  query_.reset();
  engine_ = make_engine();
  for (const GoldenStep* statement : statements_) {
    const Result<std::unique_ptr<Query>> again = engine_->query(statement->text);
    if (!again) return again.error();
  }
  done_ = false;
  return open_query(snapshot);
}

void GoldenRun::restore() {
  if (done_ || !query_->has_jobs()) return;
  const Result<std::string> snapshot = query_->save();
  const Status restored = snapshot ? replace_query(&*snapshot) : Status(snapshot.error());
  if (restored) return;
  here().fault = "snapshot and restore: " + neutral(restored.error().to_string());
  query_.reset();
}

void GoldenRun::act(const GoldenStep& step) {
  if (step.kind == GoldenKind::kClock && !query_) {
    clock_.set(step.relative ? clock_.now_us() + step.time_us : step.time_us);
    return;
  }
  if (!query_) {
    here().fault = "no query is running";
    return;
  }
  if (failure_) return;
  const Status status = perform(step);
  since_checkpoint_.push_back(&step);
  if (!status) {
    failure_ = neutral(status.error());
    failed_at_ = at_;
    here().fault = "the query failed: " + failure_->to_string();
    return;
  }
  if (way_.restore) restore();
}

Status GoldenRun::perform(const GoldenStep& step) {
  switch (step.kind) {
    case GoldenKind::kInput:
      TRY(push(step));
      break;
    case GoldenKind::kEnd:
      return finish(step);
    case GoldenKind::kWatermark: {
      Input* input = TRY(query_->input(step.name, step.partition.value_or(0)));
      TRY(input->advance_watermark(step.time_us));
      break;
    }
    default:
      clock_.set(step.relative ? clock_.now_us() + step.time_us : step.time_us);
  }
  return settle();
}

Status GoldenRun::push(const GoldenStep& step) {
  Input* input = TRY(query_->input(step.name, step.partition.value_or(0)));
  std::string bytes;
  for (const std::string& line : step.lines) bytes += line + "\n";
  return input->push_bytes(bytes);
}

Status GoldenRun::finish(const GoldenStep& step) {
  if (step.name.empty()) {
    TRY(query_->finish());
    done_ = true;
    return {};
  }
  Input* input = TRY(query_->input(step.name, step.partition.value_or(0)));
  TRY(input->finish());
  return settle();
}

void GoldenRun::do_checkpoint() {
  if (!query_ || failure_) return;
  Result<std::string> snapshot = query_->save();
  if (!snapshot) {
    here().fault = "checkpoint: " + neutral(snapshot.error().to_string());
    return;
  }
  snapshot_ = *std::move(snapshot);
  checkpoint_us_ = clock_.now_us();
  since_checkpoint_.clear();
  for (auto& [name, port] : ports_) port.checkpoint = port.rows.size();
}

/// What was done since the checkpoint is done again, as a source that seeks back would; the same
/// must come out.
void GoldenRun::do_restart() {
  if (!query_step_) return;
  std::map<std::string, std::vector<std::string>> before;
  for (auto& [name, port] : ports_) {
    before[name].assign(port.rows.begin() + static_cast<ptrdiff_t>(port.checkpoint),
                        port.rows.end());
    port.rows.resize(port.checkpoint);
  }
  clock_.set(checkpoint_us_);
  Status status = replace_query(snapshot_ ? &*snapshot_ : nullptr);
  for (const GoldenStep* step : since_checkpoint_) {
    if (status) status = perform(*step);
  }
  if (!status) {
    here().fault = "restart: " + neutral(status.error().to_string());
    query_.reset();
    return;
  }
  for (auto& [name, port] : ports_) {
    const std::vector<std::string> again(
        port.rows.begin() + static_cast<ptrdiff_t>(port.checkpoint), port.rows.end());
    if (again == before[name]) continue;
    here().fault =
        "after the restart the same input gave other rows:\n" + diff_lines(before[name], again);
  }
}

void GoldenRun::claim_error() {
  if (!failure_) return;
  here().error = failure_;
  outcome_.steps[failed_at_].fault.clear();
}

void GoldenRun::take_output(const GoldenStep& step) {
  const auto found = ports_.find(step.name);
  if (found == ports_.end()) {
    here().fault = query_step_ ? fmt::format("the query has no output '{}'", step.name)
                               : std::string("no query is running");
    return;
  }
  Port& port = found->second;
  here().changing = port.changing;
  for (; port.shown < port.rows.size(); ++port.shown) {
    here().lines.push_back(neutral(port.rows[port.shown]));
  }
}

void GoldenRun::take_stats() {
  if (!query_) {
    here().fault = "no query is running";
    return;
  }
  const Progress progress = query_->progress();
  std::string watermark = "none";
  if (progress.watermark_us == INT64_MAX) {
    watermark = "end";
  } else if (progress.watermark_us != INT64_MIN) {
    watermark.clear();
    append_timestamp(watermark, progress.watermark_us, false);
  }
  here().lines = {fmt::format("in={}", progress.rows_in),
                  fmt::format("out={}", progress.rows_out),
                  fmt::format("late={}", progress.rows_late),
                  fmt::format("bad={}", progress.rows_bad),
                  fmt::format("future={}", progress.rows_future),
                  fmt::format("unmatched={}", progress.rows_unmatched),
                  "watermark=" + watermark};
}

void GoldenRun::take_warnings() {
  if (query_) {
    for (std::string& message : query_->take_messages()) {
      warnings_.push_back(neutral(std::move(message)));
    }
  }
  here().lines = std::move(warnings_);
  warnings_.clear();
}

void GoldenRun::take_schema() {
  if (!query_ || query_->results().empty()) {
    here().fault = "no SELECT is running";
    return;
  }
  here().lines = {query_->results()[0].schema->to_string()};
}

void GoldenRun::write_file(const GoldenStep& step) {
  const std::string path = path_join(scratch_, step.name);
  std::string bytes;
  for (const std::string& line : step.lines) bytes += line + "\n";
  Status status = files_.make_directories(path_directory(path));
  if (status) status = write_file_atomically(files_, path, as_bytes(bytes));
  if (!status) here().fault = neutral(status.error().to_string());
}

void GoldenRun::read_files(const GoldenStep& step) {
  const auto paths = files_.glob(path_join(scratch_, step.name));
  if (!paths) {
    here().fault = neutral(paths.error().to_string());
    return;
  }
  for (const std::string& path : *paths) {
    const Result<std::string> bytes = read_whole_file(files_, path);
    if (!bytes) {
      here().fault = neutral(bytes.error().to_string());
      return;
    }
    for (std::string& line : lines_of(*bytes)) here().lines.push_back(neutral(std::move(line)));
  }
}

}  // namespace

std::string GoldenWay::to_string() const {
  return fmt::format("batch {}, parallelism {}{}", batch_rows, parallelism,
                     restore ? ", restored after every input" : "");
}

std::vector<GoldenWay> ways_of(const GoldenFile& file) {
  std::vector<GoldenWay> ways;
  for (const bool restore : {false, true}) {
    if (restore && !file.ways.restore) continue;
    for (const uint32_t parallelism : file.ways.parallelism) {
      for (const size_t rows : file.ways.batch_rows) ways.push_back({rows, parallelism, restore});
    }
  }
  return ways;
}

GoldenOutcome run_golden(const GoldenFile& file, const GoldenWay& way, FileSystem& files,
                         const std::string& scratch) {
  return GoldenRun(file, way, files, scratch).run();
}

}  // namespace velo
