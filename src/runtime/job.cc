#include "runtime/job.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "base/fmt.h"

namespace velo {
namespace {

constexpr int64_t kWaitUs = 50'000;     // a driver looks at the clock and the stop flag so often
// A waiter looks at the drivers so often, or less often in a job that has run for long: each look
// takes the processor from them, and comes too late by at most this share of the job's time.
constexpr int64_t kPollUs = 1'000;
constexpr int64_t kPollMostUs = 10'000;
constexpr int64_t kPollShare = 50;
constexpr double kEdgeShareMax = 0.15;  // the seed's threshold
constexpr uint64_t kBusyNsMin = 5'000'000'000;  // what was busy for less says nothing

}  // namespace

Job::Job(JobGraph graph, const JobOptions& options)
    : graph_(std::move(graph)), options_(options), clock_(*options.clock) {}

Job::~Job() {
  if (mode_ == Mode::kThreads) {
    stops_.store(2);
    close_channels();
    join();
  }
}

void Job::join() {
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

Status Job::open() { return open_once(true); }

Status Job::open_once(bool with_sinks) {
  if (std::exchange(opened_, true)) return {};
  Status opened = open_all(with_sinks);
  if (!opened) fail(opened.error());
  return opened;
}

/// LATE DATA TO takes the rows from the future as well, which the readers refuse that `node` gets
/// its rows from.
void Job::route_future(size_t node, const NodeSpec::Late& late) {
  for (const Upstream& up : graph_.nodes[node].inputs) {
    if (up.kind == Upstream::Kind::kReader) {
      rejects_.set_future(up.index, up.reader, *graph_.sources[up.index].readers[up.reader].schema,
                          sinks_[late.sink].get(), late.spec);
    } else if (graph_.nodes[up.index].spread == Spread::kAnywhere) {
      route_future(up.index, late);
    }
  }
}

Status Job::open_all(bool with_sinks) {
  for (const SinkSpec& spec : graph_.sinks) sinks_.push_back(TRY(spec.make()));
  for (const SourceUse& use : graph_.sources) {
    Rejects::Policy policy = use.spec.bad;
    if (use.dead_letters) policy.sink = sinks_[*use.dead_letters].get();
    rejects_.add_source(std::move(policy));
  }
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const auto& late = graph_.nodes[i].late;
    if (!late) continue;
    rejects_.set_late(i, sinks_[late->sink].get(), late->spec);
    route_future(i, *late);
  }
  std::vector<SinkPort*> ports;
  for (const auto& sink : sinks_) ports.push_back(sink.get());
  const LayoutOptions layout{options_.parallelism, options_.channel_messages, options_.zone};
  layout_ = lay_out(graph_, ports, rejects_, metrics_, clock_, layout);
  pushed_.assign(graph_.sources.size(), {});
  // Sources first: a missing input must not leave an empty output behind.
  for (const auto& driver : layout_.drivers) {
    for (const auto& source : driver->sources) {
      TRY(source->open());
      if (source->pushed()) pushed_[source->number()] = {source.get(), driver.get()};
    }
  }
  tell_origins();
  if (with_sinks) {
    for (const auto& sink : sinks_) TRY(sink->open());
  }
  started_ns_ = clock_.steady_ns();
  epoch_next_ns_ = started_ns_ + options_.commit_interval_us * 1000;
  commits_ = std::any_of(layout_.drivers.begin(), layout_.drivers.end(),
                         [](const auto& driver) { return driver->commits(); });
  if (commits_) find_sinks();
  if (commits_) hold_results();
  if (!options_.goes_on) warn_of_replay();
  return {};
}

/// Sinks that lead away say there which partitions they speak for.
void Job::tell_origins() {
  for (size_t i = 0; i < sinks_.size(); ++i) {
    const std::vector<size_t>& origins = graph_.sinks[i].origins;
    if (origins.empty()) continue;
    std::vector<std::string> names;
    std::vector<size_t> in_all(graph_.sources.size(), 0);
    for (const auto& driver : layout_.drivers) {
      for (const auto& source : driver->sources) {
        if (std::find(origins.begin(), origins.end(), source->number()) == origins.end()) continue;
        for (std::string& name : source->partition_names()) names.push_back(std::move(name));
        in_all[source->number()] = std::max(in_all[source->number()], source->partitions_in_all());
      }
    }
    const size_t together = std::accumulate(in_all.begin(), in_all.end(), size_t{0});
    sinks_[i]->set_origins(std::move(names), together);
  }
}

/// Readers without a watermark have no windows behind them: nothing waits for their sinks.
void Job::find_sinks() {
  std::vector<std::vector<size_t>> of_node(graph_.nodes.size());  // sources
  const auto add = [&](const Upstream& up, std::vector<size_t>* to) {
    if (up.kind == Upstream::Kind::kNode) {
      to->insert(to->end(), of_node[up.index].begin(), of_node[up.index].end());
    } else if (graph_.sources[up.index].readers[up.reader].watermark) {
      to->push_back(up.index);
    }
  };
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    for (const Upstream& up : graph_.nodes[i].inputs) add(up, &of_node[i]);
  }
  sinks_of_.assign(graph_.sources.size(), {});
  for (size_t i = 0; i < graph_.sinks.size(); ++i) {
    std::vector<size_t> sources;
    if (graph_.sinks[i].input) add(*graph_.sinks[i].input, &sources);
    for (const size_t source : sources) sinks_of_[source].push_back(i);
  }
}

bool Job::caught_up() const {
  return std::all_of(layout_.drivers.begin(), layout_.drivers.end(), [](const auto& driver) {
    return std::all_of(driver->sources.begin(), driver->sources.end(),
                       [](const auto& source) { return source->caught_up(); });
  });
}

/// While rows are read again, upserts would go back to what they were, and forth again.
void Job::hold_results() {
  if (caught_up()) return;
  std::vector<std::set<size_t>> of_node(graph_.nodes.size());  // sources
  const auto add = [&](const Upstream& up, std::set<size_t>* to) {
    if (up.kind == Upstream::Kind::kReader) {
      to->insert(up.index);
    } else {
      to->insert(of_node[up.index].begin(), of_node[up.index].end());
    }
  };
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    for (const Upstream& up : graph_.nodes[i].inputs) add(up, &of_node[i]);
  }
  for (size_t i = 0; i < graph_.sinks.size(); ++i) {
    std::set<size_t> sources;
    if (graph_.sinks[i].input) add(*graph_.sinks[i].input, &sources);
    // What others have read may not come again: it must not wait in memory.
    const bool all_again = std::all_of(sources.begin(), sources.end(), [&](size_t source) {
      return graph_.sources[source].spec.replay.kind == ReplayRule::Kind::kNever;
    });
    if (all_again && sinks_[i]->hold()) holds_ = true;
  }
}

void Job::warn_of_replay() {
  std::vector<std::string> told;
  for (const auto& driver : layout_.drivers) {
    for (const auto& source : driver->sources) {
      const ReplayRule& rule = source->replay();
      if (rule.kind != ReplayRule::Kind::kNever || !source->is_remembered()) continue;
      if (std::find(told.begin(), told.end(), rule.why) != told.end()) continue;
      told.push_back(rule.why);
      const std::string what = source->commits() ? "whenever instances come or go, rows are read "
                                                   "again from where the application began, and "
                                                   "results come again"
                                                 : "offsets are not committed";
      rejects_.add_message(fmt::format(
          "{}: {} keeps state that needs every row again after a restart", what, rule.why));
    }
  }
}

Status Job::set_mode(Mode mode) {
  TRY(open());
  if (mode_ == mode) return {};
  CHECK(mode_ == Mode::kUndecided, "a job is stepped or started, not both");
  mode_ = mode;
  state_.store(JobState::kRunning);
  // Before any row is on its way: what a task has no part of holds no watermark back.
  for (const auto& driver : layout_.drivers) {
    for (const auto& source : driver->sources) source->end_if_empty();
  }
  if (mode == Mode::kThreads) return {};
  for (const JobLayout::Wire& wire : layout_.wires) {
    Driver* consumer = layout_.drivers[wire.to].get();
    wire.channel->set_make_room([this, consumer] {
      Result<Driver::Step> step = consumer->step();
      if (!step) fail(step.error());
    });
  }
  return {};
}

void Job::fail(const Error& error) {
  {
    std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
  }
  failed_.store(true);
  state_.store(JobState::kFailed);
  close_channels();
}

/// Lets go of every thread that waits for room in a channel: who would make it may be gone.
void Job::close_channels() {
  for (const auto& channel : layout_.channels) channel->close();
}

Status Job::start() {
  TRY(set_mode(Mode::kThreads));
  for (const auto& driver : layout_.drivers) {
    if (!driver->has_pushed_source()) running_.fetch_add(1);
  }
  for (const auto& driver : layout_.drivers) {
    if (driver->has_pushed_source()) continue;
    threads_.emplace_back([this, d = driver.get()] { run_driver(*d); });
  }
  return {};
}

void Job::run_driver(Driver& driver) {
  for (;;) {
    const int stops = stops_.load(std::memory_order_relaxed);
    if (failed_.load(std::memory_order_relaxed)) break;
    if (stops >= 2) {
      close_channels();
      break;
    }
    if (stops == 1 || moving_.load(std::memory_order_relaxed)) driver.request_stop();
    const Result<Driver::Step> step = driver.step();
    if (!step) {
      fail(step.error());
      break;
    }
    if (*step == Driver::Step::kDone || *step == Driver::Step::kStopped) break;
    if (*step == Driver::Step::kProgress) continue;
    const Status waited = driver.wait(kWaitUs);
    if (!waited) fail(waited.error());
  }
  driver.metrics.note_thread_usage();
  running_.fetch_sub(1);
}

bool Job::all_over() const {
  if (failed_.load()) return true;
  return std::all_of(layout_.drivers.begin(), layout_.drivers.end(),
                     [](const auto& driver) { return driver->done() || driver->stopped(); });
}

std::optional<Status> Job::wait(int64_t timeout_us) {
  if (outcome_) return outcome_;
  const int64_t deadline = clock_.steady_ns() + timeout_us * 1000;
  while (running_.load() > 0) {
    tend_side_tables();
    watch_for_moves();
    if (const Status tended = tend_epoch(); !tended) fail(tended.error());
    const int64_t now = clock_.steady_ns();
    if (now >= deadline) return std::nullopt;
    const int64_t share_us = (now - started_ns_) / 1000 / kPollShare;
    clock_.sleep_us(std::min(timeout_us, std::clamp(share_us, kPollUs, kPollMostUs)));
  }
  join();
  if (stops_.load() >= 2 && !failed_.load()) {
    fail(Error(ErrorCode::kCancelled, "stopped before its results were committed"));
  }
  if (!all_over()) return std::nullopt;  // drivers of the caller are still open
  return settle({});
}

void Job::watch_for_moves() {
  for (const auto& driver : layout_.drivers) {
    if (driver->moved()) moving_.store(true);
  }
}

/// Side tables belong to no driver: whoever waits for the job looks after them, now and then.
void Job::tend_side_tables() {
  const int64_t now_ns = clock_.steady_ns();
  if (failed_.load() || now_ns < tend_next_ns_) return;
  tend_next_ns_ = now_ns + kWaitUs * 1000;
  rejects_.tend_sinks();
  if (std::optional<Error> failure = rejects_.failure()) fail(*failure);
}

/// Takes the epoch at hand a part further, or begins one when it is time. Results are durable and
/// published before a position is committed: a crash repeats some, and loses none.
Status Job::tend_epoch() {
  if (!commits_) return {};
  if (failed_.load() || stops_.load() > 0 || moving_.load()) return {};
  switch (epoch_part_) {
    case EpochPart::kNone:
      if (clock_.steady_ns() < epoch_next_ns_) return {};
      epoch_next_ns_ = clock_.steady_ns() + options_.commit_interval_us * 1000;
      ++epoch_;
      if (holds_ && caught_up()) {
        holds_ = false;
        for (const auto& driver : layout_.drivers) driver->release_from(epoch_);
      }
      for (const auto& driver : layout_.drivers) driver->ask_epoch(epoch_);
      epoch_part_ = EpochPart::kPassing;
      return {};
    case EpochPart::kPassing:
      if (!TRY(all_passed())) return {};
      TRY(rejects_.publish_sinks(epoch_));
      for (const auto& driver : layout_.drivers) TRY(driver->ask_publish(epoch_));
      epoch_part_ = EpochPart::kPublishing;
      return {};
    case EpochPart::kPublishing:
      break;
  }
  for (const auto& driver : layout_.drivers) {
    if (!driver->published_epoch(epoch_)) return {};
  }
  set_done();
  for (const auto& driver : layout_.drivers) TRY(driver->ask_commit(epoch_));
  epoch_part_ = EpochPart::kNone;
  return {};
}

Result<bool> Job::all_passed() {
  for (const auto& driver : layout_.drivers) {
    if (!TRY(driver->passed_epoch(epoch_))) return false;
  }
  return true;
}

/// The last word to those who remember positions. REQUIRES: no thread runs, and all is published.
void Job::commit_positions() {
  if (!commits_) return;
  for (const auto& sink : sinks_) sink->note_watermark();
  set_done();
  for (const auto& driver : layout_.drivers) {
    for (const auto& source : driver->sources) {
      source->note_positions();
      source->commit();
    }
  }
}

/// Tells the sources up to which watermark the results of their rows are written.
void Job::set_done() {
  for (const auto& driver : layout_.drivers) {
    for (const auto& source : driver->sources) {
      int64_t done = kWatermarkEnd;
      for (const size_t sink : sinks_of_[source->number()]) {
        done = std::min(done, sinks_[sink]->noted_watermark());
      }
      source->set_done(done);
    }
  }
}

Status Job::settle(const Status& outcome) {
  if (outcome_) return *outcome_;
  if (!outcome) fail(outcome.error());
  // Either all drivers are over or the job failed: threads end by themselves. Only then are sinks
  // and sources nobody's but ours.
  join();
  if (std::optional<Error> failure = rejects_.failure()) fail(*failure);
  if (!failed_.load()) {
    const Status published = publish();
    if (!published) {
      fail(published.error());
    } else {
      commit_positions();
    }
  }
  ended_ns_.store(clock_.steady_ns());
  for (const auto& driver : layout_.drivers) {
    for (const auto& source : driver->sources) {
      for (std::string& warning : source->take_warnings()) rejects_.add_message(std::move(warning));
      source->close();
    }
  }
  if (failed_.load()) {
    std::lock_guard lock(mutex_);
    outcome_ = *error_;
    for (const auto& sink : sinks_) sink->abandon();
  } else {
    report_edge_share();
    state_.store(JobState::kDone);
    outcome_ = Status();
  }
  return *outcome_;
}

Status Job::publish() {
  for (const auto& sink : sinks_) {
    if (sink->error()) return *sink->error();
  }
  for (const auto& sink : sinks_) TRY(sink->publish());
  return {};
}

void Job::report_edge_share() {
  for (const auto& driver : layout_.drivers) {
    ThreadMetrics& m = driver->metrics;
    if (busy_ns(m) < kBusyNsMin || edge_share(m) <= kEdgeShareMax) continue;
    if (driver->edge_share_told.exchange(true)) continue;
    rejects_.add_message(fmt::format(
        "{:.0f} % of the busy time was spent outside the synchronous core, more than {:.0f} % "
        "(reading {:.2f} s, writing and callbacks {:.2f} s, channels {:.2f} s)",
        edge_share(m) * 100, kEdgeShareMax * 100, static_cast<double>(m.source_ns.get()) / 1e9,
        static_cast<double>(m.sink_ns.get()) / 1e9, static_cast<double>(m.channel_ns.get()) / 1e9));
  }
}

std::vector<std::string> Job::take_messages() {
  if (state_.load() == JobState::kRunning) report_edge_share();
  return rejects_.take_messages();
}

void Job::stop() {
  stops_.fetch_add(1);
  JobState running = JobState::kRunning;
  state_.compare_exchange_strong(running, JobState::kStopping);
}

/// Steps those drivers that no thread has, until none makes progress.
Result<bool> Job::step_callers_drivers() {
  bool progress = true;
  while (progress) {
    progress = false;
    for (const auto& driver : layout_.drivers) {
      if (mode_ == Mode::kThreads && !driver->has_pushed_source()) continue;
      if (stops_.load() > 0 || moving_.load()) driver->request_stop();
      if (failed_.load()) break;
      progress = TRY(driver->step()) == Driver::Step::kProgress || progress;
    }
  }
  tend_side_tables();
  watch_for_moves();
  TRY(tend_epoch());
  if (failed_.load()) {
    std::lock_guard lock(mutex_);
    return *error_;
  }
  return all_over();
}

Result<bool> Job::step() {
  if (outcome_) {
    TRY(Status(*outcome_));
    return true;
  }
  TRY(set_mode(mode_ == Mode::kThreads ? Mode::kThreads : Mode::kStepped));
  const Result<bool> over = step_callers_drivers();
  if (!over) return settle(over.error()).error();
  if (!*over) return false;
  TRY(settle({}));
  return true;
}

Result<SourceDriver*> Job::pushed(size_t source) {
  if (outcome_) {
    TRY(Status(*outcome_));
    return Error(ErrorCode::kClosed, "push into a query that has ended");
  }
  if (mode_ == Mode::kUndecided) TRY(set_mode(Mode::kStepped));
  CHECK(pushed_[source].source != nullptr, "push into a table that is not pushed");
  pushed_[source].driver->pipeline.set_now(clock_.now_us());
  return pushed_[source].source;
}

Status Job::after_push(Status status) {
  if (!status && status.error().code != ErrorCode::kClosed) return settle(status);
  if (!status) return status;
  if (failed_.load()) return settle({});
  for (const auto& driver : layout_.drivers) {
    // Those on threads of their own report by themselves.
    if (mode_ == Mode::kThreads && !driver->has_pushed_source()) continue;
    for (const SinkPort* sink : driver->sinks) {
      if (sink->error()) return settle(*sink->error());
    }
  }
  return status;
}

Status Job::push_batch(size_t source, size_t partition, const Batch& batch) {
  return after_push(TRY(pushed(source))->push_batch(partition, batch));
}
Status Job::push_bytes(size_t source, size_t partition, std::string_view bytes) {
  return after_push(TRY(pushed(source))->push_bytes(partition, bytes));
}
Status Job::push_watermark(size_t source, size_t partition, int64_t watermark_us) {
  return after_push(TRY(pushed(source))->push_watermark(partition, watermark_us));
}
Status Job::push_end(size_t source, size_t partition) {
  return after_push(TRY(pushed(source))->push_end(partition));
}

Status Job::finish() {
  if (outcome_) return *outcome_;
  if (mode_ == Mode::kUndecided) TRY(set_mode(Mode::kStepped));
  for (size_t source = 0; source < pushed_.size(); ++source) {
    if (pushed_[source].source == nullptr) continue;
    for (size_t i = 0; i < graph_.sources[source].spec.pushed_partitions; ++i) {
      TRY(push_end(source, i));
    }
  }
  for (;;) {
    const bool over = TRY(step());
    if (over) return {};
    if (mode_ == Mode::kThreads) {
      if (std::optional<Status> outcome = wait(kWaitUs)) return *outcome;
    } else {
      for (const auto& driver : layout_.drivers) {
        if (!driver->done()) TRY(driver->wait(kPollUs));
      }
    }
  }
}

Result<std::string> Job::save() {
  TRY(open());
  SnapshotWriter writer;
  writer.section("job");
  writer.u32(options_.parallelism);
  writer.u32(static_cast<uint32_t>(layout_.drivers.size()));
  for (const auto& driver : layout_.drivers) driver->save(writer);
  rejects_.save(writer);
  ++epoch_;
  writer.u64(epoch_);
  writer.u32(static_cast<uint32_t>(sinks_.size()));
  for (const auto& sink : sinks_) {
    writer.string(TRY(sink->prepare(epoch_)));
    sink->save(writer);
  }
  std::string bytes = writer.finish();
  for (const auto& sink : sinks_) TRY(sink->commit(epoch_));
  return bytes;
}

Status Job::load(std::string_view snapshot) {
  if (opened_) {
    return Error(ErrorCode::kIncompatibleState, "a query that has begun cannot load a snapshot")
        .with_hint("load it before anything else");
  }
  TRY(open_once(false));  // sinks go on with what they left behind instead of beginning anew
  SnapshotReader reader = TRY(SnapshotReader::open(snapshot));
  TRY(reader.section("job"));
  const uint32_t parallelism = TRY(reader.u32());
  const uint32_t drivers = TRY(reader.u32());
  if (parallelism != options_.parallelism || drivers != layout_.drivers.size()) {
    return Error(ErrorCode::kIncompatibleState,
                 fmt::format("the snapshot was taken with parallelism {}, this is {}", parallelism,
                             options_.parallelism));
  }
  for (const auto& driver : layout_.drivers) TRY(driver->load(reader));
  TRY(rejects_.load(reader));
  epoch_ = TRY(reader.u64());
  if (TRY(reader.u32()) != sinks_.size()) {
    return Error(ErrorCode::kIncompatibleState, "the snapshot has another number of sinks");
  }
  for (const auto& sink : sinks_) {
    const std::string prepared = TRY(reader.string());
    TRY(sink->recover(prepared));
    TRY(sink->load(reader));
  }
  return {};
}

}  // namespace velo
