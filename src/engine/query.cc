#include "engine/query.h"

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "engine/query_state.h"

namespace velo {

Query::Query(std::unique_ptr<State> state) : state_(std::move(state)) {}
Query::~Query() = default;

const std::vector<Answer>& Query::answers() const { return state_->answers; }
const std::vector<ResultInfo>& Query::results() const { return state_->results; }
const std::vector<Error>& Query::notices() const { return state_->notices; }
bool Query::has_jobs() const { return state_->job != nullptr; }

void Query::on_result(size_t result, BatchCallback callback) {
  CHECK(result < state_->lowered.results.size(), "the query has no such result");
  state_->lowered.results[result]->on_batch = std::move(callback);
}

Status Query::on_output(std::string_view table, BatchCallback callback) {
  const auto at = state_->lowered.outputs.find(table);
  if (at == state_->lowered.outputs.end()) {
    return Error(ErrorCode::kUnknownName,
                 fmt::format("no query writes into a pushed table '{}'", table));
  }
  at->second->on_batch = std::move(callback);
  return {};
}

std::shared_ptr<ResultChannel> Query::channel(size_t result, size_t capacity) {
  CHECK(result < state_->lowered.results.size(), "the query has no such result");
  auto channel = std::make_shared<ResultChannel>(capacity);
  // The consumer is another thread: what it gets shares nothing with this one.
  state_->lowered.results[result]->on_batch = [channel](const Batch& batch) {
    channel->put(flatten(batch));
  };
  state_->lowered.results[result]->on_end = [channel] { channel->close(); };
  return channel;
}

Result<Input*> Query::input(std::string_view table, uint32_t partition) {
  const auto at = state_->lowered.inputs.find(table);
  if (at == state_->lowered.inputs.end()) {
    std::vector<std::string_view> names;
    for (const auto& [name, known] : state_->lowered.inputs) names.push_back(name);
    return Error(ErrorCode::kUnknownName, fmt::format("no query reads a pushed table '{}'", table))
        .with_hint(did_you_mean(table, names));
  }
  if (partition >= at->second.partitions) {
    return Error(ErrorCode::kUnknownName,
                 fmt::format("table '{}' has {} partitions, there is no number {}", table,
                             at->second.partitions, partition));
  }
  auto& input = state_->inputs[{std::string(table), partition}];
  if (!input) {
    auto& target = state_->targets[std::string(table)];
    if (!target) target = std::make_unique<PushTarget>(*state_->job, at->second.source);
    input = std::make_unique<Input>(std::string(table), at->second.schema, partition,
                                    state_->batch_rows, *target);
  }
  return input.get();
}

Status Query::start() { return state_->job ? state_->job->start() : Status(); }

std::optional<Status> Query::wait(int64_t timeout_us) {
  if (!state_->job) return Status();
  return state_->job->wait(timeout_us);
}

Status Query::run() {
  TRY(start());
  for (;;) {
    if (std::optional<Status> outcome = wait(1'000'000)) return *outcome;
  }
}

void Query::stop() {
  if (state_->job) state_->job->stop();
}

Result<bool> Query::step() {
  if (!state_->job) return true;
  return state_->job->step();
}

Status Query::finish() {
  if (!state_->job) return {};
  for (auto& [key, input] : state_->inputs) TRY(input->flush());
  return state_->job->finish();
}

Result<std::string> Query::save() {
  if (!state_->job) return std::string();
  for (auto& [key, input] : state_->inputs) TRY(input->flush());
  return state_->job->save();
}

Status Query::load(std::string_view snapshot) {
  if (!state_->job) return {};
  TRY(state_->job->open());
  return state_->job->load(snapshot);
}

Progress Query::progress() const {
  Progress out;
  if (!state_->job) {
    out.state = Progress::State::kDone;
    return out;
  }
  const JobProgress job = state_->job->progress();
  out.state = static_cast<Progress::State>(job.state);
  out.rows_in = job.rows_in;
  out.rows_out = job.rows_out;
  out.rows_late = job.rows_late;
  out.rows_future = job.rows_future;
  out.rows_bad = job.rows_bad;
  out.bytes_in = job.bytes_in;
  out.bytes_total = job.bytes_total;
  out.watermark_us = job.watermark_us;
  return out;
}

std::string Query::stats_json() const { return state_->job ? state_->job->stats_json() : "{}"; }

std::vector<std::string> Query::take_messages() {
  return state_->job ? state_->job->take_messages() : std::vector<std::string>();
}

}  // namespace velo
