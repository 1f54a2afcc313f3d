#include "engine/query.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "engine/query_state.h"

namespace velo {

void Query::State::deliver(Delivery& to, const Batch& rows) {
  if (to.callback) to.callback(rows);
  if (to.channel) to.channel->put(flatten(rows));
}

void Query::State::close_channels() {
  for (const auto& delivery : deliveries) {
    if (delivery->channel) delivery->channel->close();
  }
}

Status Query::State::Target::take(uint32_t partition, Batch batch) {
  const Pushed& to = state.pushed[pushed];
  if (batch.weights && !to.changes) {
    return Error(ErrorCode::kInvalidStatement,
                 fmt::format("push into '{}': a deletion, and the table takes rows only", to.table))
        .with_hint("declare it with 'scan.changelog' = 'retract' or 'upsert'");
  }
  Batch rows{to.layout_schema, batch.rows, {}, std::move(batch.weights), nullptr};
  rows.columns.reserve(to.layout.size());
  for (size_t i = 0; i < to.layout.size(); ++i) {
    rows.columns.push_back(with_fields(batch.columns[to.layout[i]], (*to.layout_schema)[i].type));
  }
  return state.job->push_batch(to.source, partition, rows);
}

Status Query::State::Target::take_bytes(uint32_t partition, std::string_view bytes) {
  return state.job->push_bytes(state.pushed[pushed].source, partition, bytes);
}
Status Query::State::Target::take_watermark(uint32_t partition, int64_t watermark_us) {
  return state.job->push_watermark(state.pushed[pushed].source, partition, watermark_us);
}
Status Query::State::Target::take_end(uint32_t partition) {
  return state.job->push_end(state.pushed[pushed].source, partition);
}

Query::Query(std::unique_ptr<State> state) : state_(std::move(state)) {}

Query::~Query() { state_->close_channels(); }

const std::vector<Answer>& Query::answers() const { return state_->answers; }
const std::vector<ResultInfo>& Query::results() const { return state_->results; }
const std::vector<Error>& Query::notices() const { return state_->notices; }
bool Query::has_jobs() const { return state_->job != nullptr; }

void Query::on_result(size_t result, BatchCallback callback) {
  CHECK(result < state_->deliveries.size(), "on_result: the script has fewer results");
  state_->deliveries[result]->callback = std::move(callback);
}

Status Query::on_output(std::string_view table, BatchCallback callback) {
  const auto found = state_->outputs.find(std::string(table));
  if (found == state_->outputs.end()) {
    std::vector<std::string> names;
    for (const auto& [name, delivery] : state_->outputs) names.push_back(name);
    return Error(ErrorCode::kUnknownName,
                 fmt::format("nothing is inserted into a pushed table '{}'", table))
        .with_hint(did_you_mean(table, names));
  }
  found->second.callback = std::move(callback);
  return {};
}

bool Query::output_changes(std::string_view table) const {
  const auto found = state_->outputs.find(std::string(table));
  return found != state_->outputs.end() && found->second.changing;
}

std::vector<size_t> Query::output_key(std::string_view table) const {
  const auto found = state_->outputs.find(std::string(table));
  return found == state_->outputs.end() ? std::vector<size_t>() : found->second.key;
}

std::shared_ptr<ResultChannel> Query::channel(size_t result, size_t capacity) {
  CHECK(result < state_->deliveries.size(), "channel: the script has fewer results");
  auto channel = std::make_shared<ResultChannel>(capacity);
  state_->deliveries[result]->channel = channel;
  return channel;
}

Result<Input*> Query::input(std::string_view table, uint32_t partition) {
  std::vector<std::string> names;
  for (size_t i = 0; i < state_->pushed.size(); ++i) {
    State::Pushed& pushed = state_->pushed[i];
    names.push_back(pushed.table);
    if (pushed.table != table) continue;
    if (partition >= pushed.partitions) {
      return Error(ErrorCode::kUnknownName, fmt::format("table '{}' has partitions 0 to {}, not {}",
                                                        table, pushed.partitions - 1, partition))
          .with_hint(fmt::format("'partitions' = '{}'", partition + 1));
    }
    pushed.inputs.resize(pushed.partitions);
    std::unique_ptr<Input>& input = pushed.inputs[partition];
    if (!input) {
      input = std::make_unique<Input>(pushed.table, pushed.schema, partition, state_->batch_rows,
                                      *state_->targets[i]);
    }
    return input.get();
  }
  return Error(ErrorCode::kUnknownName,
               fmt::format("no query reads a table '{}' with 'connector' = 'push'", table))
      .with_hint(did_you_mean(table, names));
}

Status Query::start() { return state_->job ? state_->job->start() : Status(); }

std::optional<Status> Query::wait(int64_t timeout_us) {
  if (!state_->job) return Status();
  // A thread that waits for the taker of its results hears of it by no other way.
  if (state_->job->giving_up()) state_->close_channels();
  std::optional<Status> outcome;
  if (!state_->begins_again) {
    outcome = state_->job->wait(timeout_us);
    // Whether the partitions of a group were dealt anew.
    state_->begins_again = outcome && *outcome && state_->job->moved() && state_->stops.load() == 0;
  }
  if (state_->begins_again) outcome = state_->begin_again();
  if (outcome) state_->close_channels();
  return outcome;
}

std::optional<Status> Query::State::begin_again() {
  if (stops.load() > 0) return Status();
  const Status begun = [&]() -> Status {
    use(TRY(make_job()));
    return job->start();
  }();
  // It has begun before: what does not answer is there, only not at the moment.
  begins_again = !begun && (begun.error().code == ErrorCode::kUnavailable ||
                            begun.error().code == ErrorCode::kTimeout);
  if (begun || begins_again) return std::nullopt;
  return begun;
}

void Query::State::use(std::unique_ptr<Job> next) {
  past = std::exchange(job, std::move(next));
  current.store(job.get());
  for (int i = 0; i < stops.load(); ++i) job->stop();
}

void Query::State::stop() {
  stops.fetch_add(1);
  if (Job* const running = current.load()) running->stop();
}

Status Query::run() {
  constexpr int64_t kTenthOfASecond = 100'000;
  if (!state_->job) return {};
  if (!state_->pushed.empty()) return finish();
  TRY(start());
  for (;;) {
    if (std::optional<Status> outcome = wait(kTenthOfASecond)) return *outcome;
  }
}

void Query::stop() { state_->stop(); }

Result<bool> Query::step() {
  if (!state_->job) return true;
  for (State::Pushed& pushed : state_->pushed) {
    for (const auto& input : pushed.inputs) {
      if (input) TRY(input->flush());
    }
  }
  const Result<bool> over = state_->job->step();
  if (!over || *over) state_->close_channels();
  return over;
}

Status Query::finish() {
  if (!state_->job) return {};
  for (State::Pushed& pushed : state_->pushed) {
    for (const auto& input : pushed.inputs) {
      if (input) TRY(input->flush());
    }
  }
  Status finished = state_->job->finish();
  state_->close_channels();
  return finished;
}

Result<std::string> Query::save() {
  if (!state_->job) return Error(ErrorCode::kUsage, "nothing runs that could be saved");
  for (State::Pushed& pushed : state_->pushed) {
    for (const auto& input : pushed.inputs) {
      if (input) TRY(input->flush());
    }
  }
  return state_->job->save();
}

Status Query::load(std::string_view snapshot) {
  if (!state_->job) return Error(ErrorCode::kUsage, "nothing runs that could be loaded");
  return state_->job->load(snapshot);
}

Progress Query::progress() const {
  Progress progress;
  if (!state_->job) {
    progress.state = Progress::State::kDone;
    return progress;
  }
  const JobProgress p = state_->job->progress();
  progress.state = static_cast<Progress::State>(p.state);
  progress.rows_in = p.rows_in;
  progress.rows_out = p.rows_out;
  progress.rows_late = p.rows_late;
  progress.rows_future = p.rows_future;
  progress.rows_bad = p.rows_bad;
  progress.rows_unmatched = p.rows_unmatched;
  progress.bytes_in = p.bytes_in;
  progress.bytes_total = p.bytes_total;
  progress.watermark_us = p.watermark_us;
  progress.lag = p.lag;
  return progress;
}

std::string Query::stats_json() const {
  if (!state_->job) return "{}";
  std::string json = state_->job->stats_json();
  json.pop_back();
  json += R"(,"result_channels":[)";
  bool first = true;
  for (size_t i = 0; i < state_->deliveries.size(); ++i) {
    const std::shared_ptr<ResultChannel>& channel = state_->deliveries[i]->channel;
    if (!channel) continue;
    json +=
        fmt::format(R"({}{{"result":{},"batches":{},"depth":{},"depth_max":{},"full_waits":{}}})",
                    std::exchange(first, false) ? "" : ",", i + 1, channel->batches(),
                    channel->depth(), channel->depth_max(), channel->waits());
  }
  return json + "]}";
}

std::vector<std::string> Query::take_messages() {
  return state_->job ? state_->job->take_messages() : std::vector<std::string>{};
}

}  // namespace velo
