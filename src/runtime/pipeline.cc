#include "runtime/pipeline.h"

#include <algorithm>
#include <utility>

namespace velo {

namespace {
constexpr uint64_t kNoteStateEvery = 63;  // a mask: asking for the bytes of a state may be slow
}

/// One way into a node.
struct Pipeline::NodeInput final : Port {
  NodeInput(Node& n, size_t i) : node(n), index(i) {}
  void emit(Batch batch) override;
  void advance(int64_t watermark) override;
  void reject(Rejected rejected) override;
  void end() override;
  void idle(int64_t since_us) override;
  bool wants_more() const override;

  Node& node;
  size_t index;
  int64_t watermark = kWatermarkNone;
  int64_t idle_since_us = kActive;
  bool ended = false;
};

/// An operator with its ways in and, being its Output, its ways out.
struct Pipeline::Node final : Output {
  Node(Pipeline& p, size_t n, std::unique_ptr<Operator> o)
      : pipeline(p), number(n), op(std::move(o)) {}

  void emit(Batch batch) override {
    metrics.rows_out.add(batch.rows);
    metrics.batches_out.add(1);
    if (outs.empty()) return;
    for (size_t i = 0; i + 1 < outs.size(); ++i) outs[i]->emit(batch);
    outs.back()->emit(std::move(batch));
  }
  void advance(int64_t watermark) override {
    told = watermark;
    for (Port* out : outs) out->advance(watermark);
  }
  void reject(Rejected rejected) override {
    metrics.count_rejected(rejected.reason, rejected.rows.rows);
    if (pipeline.rejects_ != nullptr) pipeline.rejects_->reject(number, std::move(rejected));
  }
  /// Silent while all inputs are that have not ended; the watermark then moves on as that of the
  /// input does that is furthest by now (see WatermarkCombiner::idle_since).
  int64_t idle_since() const {
    if (open_inputs == 0) return kActive;
    if (inputs.size() == 1) return inputs[0]->idle_since_us;
    int64_t ahead = INT64_MIN;
    for (const auto& input : inputs) {
      if (input->ended) continue;
      if (input->idle_since_us == kActive) return kActive;
      if (input->idle_since_us == kNeverHadEvent || input->watermark == kWatermarkNone) continue;
      ahead = std::max(ahead, input->watermark - input->idle_since_us);
    }
    if (ahead == INT64_MIN || told == kWatermarkNone) return kNeverHadEvent;
    return std::max(told - ahead, kNeverHadEvent);
  }
  void tell_idle() {
    const int64_t since = idle_since();
    if (since == told_idle) return;
    told_idle = since;
    for (Port* out : outs) out->idle(since);
  }
  bool wants_more() const {
    if (!op->wants_more()) return false;
    for (const Port* out : outs) {
      if (out->wants_more()) return true;
    }
    return outs.empty();
  }
  void finish() {
    op->finish(*this);
    metrics.note_state(*op, true);
    for (Port* out : outs) out->end();
  }

  Pipeline& pipeline;
  size_t number;
  std::unique_ptr<Operator> op;
  std::vector<std::unique_ptr<NodeInput>> inputs;
  size_t open_inputs = 0;
  std::vector<Port*> outs;
  uint64_t advances = 0;
  int64_t told = kWatermarkNone;
  int64_t told_idle = kActive;
  OperatorMetrics metrics;
};

void Pipeline::NodeInput::emit(Batch batch) {
  node.metrics.rows_in.add(batch.rows);
  node.op->push(index, batch, node);
}

void Pipeline::NodeInput::advance(int64_t to) {
  if (to <= watermark) return;
  watermark = to;
  // Before the watermark releases anything.
  node.metrics.note_state(*node.op, (++node.advances & kNoteStateEvery) == 0);
  node.op->advance(index, to, node);
}

void Pipeline::NodeInput::idle(int64_t since_us) {
  const bool was_idle = std::exchange(idle_since_us, since_us) != kActive;
  const bool is_idle = since_us != kActive;
  // Outwards it is known first that somebody speaks, and last that nobody does.
  if (!is_idle) node.tell_idle();
  if (was_idle != is_idle) node.op->idle(index, is_idle, node);
  if (is_idle) node.tell_idle();
}

void Pipeline::NodeInput::reject(Rejected rejected) { node.reject(std::move(rejected)); }

void Pipeline::NodeInput::end() {
  if (std::exchange(ended, true)) return;
  advance(kWatermarkEnd);
  if (--node.open_inputs == 0) return node.finish();
  node.tell_idle();
}

bool Pipeline::NodeInput::wants_more() const { return node.wants_more(); }

Pipeline::Pipeline() = default;
Pipeline::~Pipeline() = default;

size_t Pipeline::add(std::unique_ptr<Operator> op, size_t inputs) {
  nodes_.push_back(std::make_unique<Node>(*this, nodes_.size(), std::move(op)));
  Node& node = *nodes_.back();
  for (size_t i = 0; i < inputs; ++i) {
    node.inputs.push_back(std::make_unique<NodeInput>(node, i));
  }
  node.open_inputs = inputs;
  return node.number;
}

void Pipeline::connect(size_t from, Port& to) { nodes_[from]->outs.push_back(&to); }

Port& Pipeline::input(size_t node, size_t index) { return *nodes_[node]->inputs[index]; }

void Pipeline::set_now(int64_t now_us) {
  if (now_us == now_us_) return;
  now_us_ = now_us;
  for (const auto& node : nodes_) node->op->context().now_us = now_us;
}

void Pipeline::set_zone(const TimeZone* zone) {
  for (const auto& node : nodes_) node->op->context().zone = zone;
}

void Pipeline::set_seed(uint64_t seed) {
  for (const auto& node : nodes_) node->op->context().random = Random(seed + node->number);
}

void Pipeline::start() {
  for (const auto& node : nodes_) {
    if (node->inputs.empty()) node->finish();
  }
}

void Pipeline::tick(int64_t now_us) {
  set_now(now_us);
  for (const auto& node : nodes_) {
    if (!node->inputs.empty() && node->open_inputs == 0) continue;
    node->op->tick(now_us, *node);
    node->metrics.note_state(*node->op, false);  // no watermark may ever come
  }
}

void Pipeline::save(SnapshotWriter& writer) const {
  writer.section("pipeline");
  writer.u32(static_cast<uint32_t>(nodes_.size()));
  for (const auto& node : nodes_) {
    writer.string(node->op->explain());
    for (const auto& input : node->inputs) {
      writer.i64(input->watermark);
      writer.u8(input->ended ? 1 : 0);
      writer.i64(input->idle_since_us);
    }
    writer.i64(node->told);
    save_counts(node->metrics, writer);
    node->op->save(writer);
  }
}

Status Pipeline::load(SnapshotReader& reader) {
  TRY(reader.section("pipeline"));
  if (TRY(reader.u32()) != nodes_.size()) {
    return Error(ErrorCode::kIncompatibleState, "the snapshot has another number of operators");
  }
  for (const auto& node : nodes_) {
    const std::string saved = TRY(reader.string());
    if (saved != node->op->explain()) {
      return Error(ErrorCode::kIncompatibleState, "the snapshot is of another query: it has '" +
                                                      saved + "' where this one has '" +
                                                      node->op->explain() + "'");
    }
    for (const auto& input : node->inputs) {
      input->watermark = TRY(reader.i64());
      input->ended = TRY(reader.u8()) != 0;
      if (input->ended) --node->open_inputs;
      input->idle_since_us = TRY(reader.i64());
    }
    node->told = TRY(reader.i64());
    node->told_idle = node->idle_since();
    TRY(load_counts(reader, node->metrics));
    TRY(node->op->load(reader));
  }
  return {};
}

const Operator& Pipeline::op(size_t node) const { return *nodes_[node]->op; }
const OperatorMetrics& Pipeline::metrics(size_t node) const { return nodes_[node]->metrics; }

}  // namespace velo
