#include "runtime/job_layout.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace velo {
namespace {

/// Room for what a task without input says before anyone listens: the row of a group over nothing,
/// a watermark, that it is silent, its end.
constexpr size_t kFirstMessages = 4;

/// Tells the job's Rejects which operator or reader rows come from.
class NodeRejects final : public RejectTarget {
 public:
  NodeRejects(Rejects& rejects, const std::vector<size_t>& graph_nodes)
      : rejects_(rejects), graph_nodes_(graph_nodes) {}
  void reject(size_t node, Rejected rejected) override {
    rejects_.from_operator(graph_nodes_[node], std::move(rejected));
  }

 private:
  Rejects& rejects_;
  const std::vector<size_t>& graph_nodes_;
};

class ReaderRejects final : public RejectTarget {
 public:
  ReaderRejects(Rejects& rejects, size_t source, const std::string& table)
      : rejects_(rejects), source_(source), table_(table) {}
  void reject(size_t reader, Rejected rejected) override {
    rejects_.from_reader(source_, reader, table_, std::move(rejected));
  }

 private:
  Rejects& rejects_;
  size_t source_;
  const std::string& table_;
};

/// Forwards to several ports: a reader that several operators read.
class FanOut final : public Port {
 public:
  explicit FanOut(std::vector<Port*> ports) : ports_(std::move(ports)) {}
  void emit(Batch batch) override {
    for (Port* port : ports_) port->emit(batch);
  }
  void advance(int64_t watermark) override {
    for (Port* port : ports_) port->advance(watermark);
  }
  void reject(Rejected) override {}
  void end() override {
    for (Port* port : ports_) port->end();
  }
  void idle(int64_t since_us) override {
    for (Port* port : ports_) port->idle(since_us);
  }
  bool wants_more() const override {
    return std::any_of(ports_.begin(), ports_.end(), [](Port* p) { return p->wants_more(); });
  }

 private:
  std::vector<Port*> ports_;
};

/// Keeps what the drivers refer to beside their own parts.
class Extras final : public RejectTarget {
 public:
  void reject(size_t, Rejected) override {}
  std::vector<std::unique_ptr<FanOut>> fans;
  std::vector<std::unique_ptr<std::vector<size_t>>> graph_nodes;
};

/// Elements of the graph in one numbering: sources, then nodes, then sinks.
class Builder {
 public:
  Builder(const JobGraph& graph, const std::vector<SinkPort*>& sinks, Rejects& rejects,
          JobMetrics& metrics, Clock& clock, const LayoutOptions& options)
      : graph_(graph),
        sinks_(sinks),
        rejects_(rejects),
        metrics_(metrics),
        clock_(clock),
        options_(options),
        elements_(graph.sources.size() + graph.nodes.size() + graph.sinks.size()),
        width_(elements_, 1),
        depth_(elements_, 0),
        group_(elements_) {}

  JobLayout build() {
    choose_widths();
    choose_depths();
    join_groups();
    make_drivers();
    add_nodes();
    wire();
    add_sources();
    return std::move(layout_);
  }

 private:
  size_t source_at(size_t i) const { return i; }
  size_t node_at(size_t i) const { return graph_.sources.size() + i; }
  size_t sink_at(size_t i) const { return graph_.sources.size() + graph_.nodes.size() + i; }
  size_t element(const Upstream& up) const {
    return up.kind == Upstream::Kind::kReader ? source_at(up.index) : node_at(up.index);
  }
  bool parallel() const { return options_.parallelism > 1; }

  void choose_widths() {
    if (!parallel()) return;
    for (size_t i = 0; i < graph_.sources.size(); ++i) {
      const bool pushed = !graph_.sources[i].spec.make_source;
      width_[source_at(i)] = pushed ? 1 : options_.parallelism;
    }
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const NodeSpec& node = graph_.nodes[i];
      size_t width = 1;
      const bool keyed = !node.keys.empty() && !node.keys[0].empty();
      if (node.spread == Spread::kByKey && keyed) width = options_.parallelism;
      if (node.spread == Spread::kAnywhere && !node.inputs.empty()) {
        width = output_width(node.inputs[0]);
        for (const Upstream& up : node.inputs) {
          if (output_width(up) != width) width = 1;
        }
      }
      width_[node_at(i)] = width;
    }
  }
  /// Keyed results are merged at once: behind them all is in one copy.
  size_t output_width(const Upstream& up) const { return keyed(up) ? 1 : width_[element(up)]; }
  bool keyed(const Upstream& up) const {
    return up.kind == Upstream::Kind::kNode && graph_.nodes[up.index].spread == Spread::kByKey &&
           width_[element(up)] > 1;
  }
  /// How many exchanges lie before an element, at most. Direct calls stay within one depth, so that
  /// no driver waits for itself through others.
  void choose_depths() {
    each_edge([&](const Upstream& up, size_t to, size_t) {
      depth_[to] = std::max(depth_[to], depth_[element(up)] + (could_be_direct(up, to) ? 0 : 1));
    });
  }
  /// Whether rows go on by a direct call.
  bool direct(const Upstream& up, size_t to) const {
    return could_be_direct(up, to) && depth_[element(up)] == depth_[to];
  }
  bool could_be_direct(const Upstream& up, size_t to) const {
    if (!parallel()) return true;
    const bool to_keyed = to >= graph_.sources.size() && to < sink_at(0) &&
                          graph_.nodes[to - graph_.sources.size()].spread == Spread::kByKey &&
                          width_[to] > 1;
    return !keyed(up) && !to_keyed && width_[element(up)] == width_[to];
  }

  size_t root(size_t i) const {
    while (group_[i] != i) i = group_[i];
    return i;
  }
  void join(size_t a, size_t b) { group_[std::max(root(a), root(b))] = std::min(root(a), root(b)); }

  template <typename Visit>
  void each_edge(Visit visit) const {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      for (size_t k = 0; k < graph_.nodes[i].inputs.size(); ++k) {
        visit(graph_.nodes[i].inputs[k], node_at(i), k);
      }
    }
    for (size_t i = 0; i < graph_.sinks.size(); ++i) {
      if (graph_.sinks[i].input) visit(*graph_.sinks[i].input, sink_at(i), size_t{0});
    }
  }

  void join_groups() {
    std::iota(group_.begin(), group_.end(), size_t{0});
    each_edge([&](const Upstream& up, size_t to, size_t) {
      if (direct(up, to)) join(element(up), to);
    });
    if (parallel()) return;
    for (size_t i = 1; i < elements_; ++i) join(0, i);
  }

  void make_drivers() {
    for (size_t i = 0; i < elements_; ++i) {
      const bool side_table = i >= sink_at(0) && !graph_.sinks[i - sink_at(0)].input;
      if (root(i) != i || (side_table && parallel())) continue;
      first_driver_[i] = layout_.drivers.size();
      for (size_t copy = 0; copy < width_[i]; ++copy) {
        layout_.drivers.push_back(std::make_unique<Driver>(clock_));
      }
    }
    auto extras = std::make_unique<Extras>();
    extras_ = extras.get();
    layout_.reject_targets.push_back(std::move(extras));
    for (size_t i = 0; i < layout_.drivers.size(); ++i) {
      extras_->graph_nodes.push_back(std::make_unique<std::vector<size_t>>());
      layout_.reject_targets.push_back(
          std::make_unique<NodeRejects>(rejects_, *extras_->graph_nodes.back()));
      layout_.drivers[i]->pipeline.set_rejects(layout_.reject_targets.back().get());
    }
  }
  size_t driver_of(size_t e, size_t copy) const { return first_driver_.at(root(e)) + copy; }

  void add_nodes() {
    layout_.nodes.resize(graph_.nodes.size());
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const NodeSpec& spec = graph_.nodes[i];
      for (size_t copy = 0; copy < width_[node_at(i)]; ++copy) {
        const size_t at = driver_of(node_at(i), copy);
        Pipeline& pipeline = layout_.drivers[at]->pipeline;
        const size_t node = pipeline.add(spec.make(), spec.inputs.size());
        extras_->graph_nodes[at]->push_back(i);
        layout_.nodes[i].push_back({at, node});
      }
    }
    for (size_t i = 0; i < graph_.sinks.size(); ++i) {
      if (!graph_.sinks[i].input) continue;
      Driver& driver = *layout_.drivers[driver_of(sink_at(i), 0)];
      driver.sinks.push_back(sinks_[i]);
      sinks_[i]->set_thread(&driver.metrics);
    }
    for (const auto& driver : layout_.drivers) driver->pipeline.set_zone(options_.zone);
  }

  Port& port_of(size_t e, size_t copy, size_t input) {
    if (e >= sink_at(0)) return *sinks_[e - sink_at(0)];
    const NodeCopy& at = layout_.nodes[e - graph_.sources.size()][copy];
    return layout_.drivers[at.driver]->pipeline.input(at.node, input);
  }

  /// Where copy `copy` of `up` sends its rows as well.
  void attach(const Upstream& up, size_t copy, Port& port) {
    if (up.kind == Upstream::Kind::kNode) {
      const NodeCopy& at = layout_.nodes[up.index][copy];
      layout_.drivers[at.driver]->pipeline.connect(at.node, port);
    } else {
      reader_ports_[{up.index, up.reader, copy}].push_back(&port);
    }
  }

  void wire() {
    each_edge([&](const Upstream& up, size_t to, size_t input) {
      if (direct(up, to)) {
        for (size_t copy = 0; copy < width_[to]; ++copy) {
          attach(up, copy, port_of(to, copy, input));
        }
      } else {
        exchange(up, to, input);
      }
    });
  }

  SchemaPtr schema_of(const Upstream& up) const {
    if (up.kind == Upstream::Kind::kReader) {
      return graph_.sources[up.index].readers[up.reader].schema;
    }
    const NodeCopy& at = layout_.nodes[up.index][0];
    return layout_.drivers[at.driver]->pipeline.op(at.node).output_schema();
  }

  /// Whether what an element gives ends in a sink that leads away.
  bool leads_away(size_t e) const {
    if (e >= sink_at(0)) return !graph_.sinks[e - sink_at(0)].origins.empty();
    bool away = false;
    each_edge([&](const Upstream& up, size_t to, size_t) {
      if (element(up) == e && up.kind == Upstream::Kind::kNode) away = away || leads_away(to);
    });
    return away;
  }

  void exchange(const Upstream& up, size_t to, size_t input) {
    const size_t senders = width_[element(up)];
    const size_t receivers = width_[to];
    std::vector<std::vector<Channel*>> wires(senders);
    for (size_t a = 0; a < senders; ++a) {
      for (size_t b = 0; b < receivers; ++b) {
        const size_t from = driver_of(element(up), a);
        const size_t at = driver_of(to, b);
        layout_.channels.push_back(std::make_unique<Channel>(
            options_.channel_messages + kFirstMessages, layout_.drivers[at]->doorbell));
        wires[a].push_back(layout_.channels.back().get());
        layout_.wires.push_back({from, at, wires[a].back()});
      }
    }
    static const std::vector<ExprPtr> kNoKeys;
    const bool by_key = receivers > 1;
    const std::vector<ExprPtr>& keys =
        by_key ? graph_.nodes[to - graph_.sources.size()].keys[input] : kNoKeys;
    std::vector<ExchangePort*> ports;
    for (size_t a = 0; a < senders; ++a) {
      Driver& driver = *layout_.drivers[driver_of(element(up), a)];
      driver.exchanges.push_back(
          std::make_unique<ExchangePort>(wires[a], keys, options_.zone, clock_, driver.metrics));
      ports.push_back(driver.exchanges.back().get());
      attach(up, a, *ports.back());
    }
    MergeOptions merge = keyed(up) ? graph_.nodes[up.index].merge : MergeOptions{};
    merge.leads_away = leads_away(to);
    for (size_t b = 0; b < receivers; ++b) {
      std::vector<Channel*> incoming;
      for (size_t a = 0; a < senders; ++a) incoming.push_back(wires[a][b]);
      Port& out = port_of(to, b, input);
      Driver::Merge entry;
      entry.merge = std::make_unique<ChannelMerge>(std::move(incoming), out, merge);
      entry.out = &out;
      if (receivers == 1) entry.senders = ports;
      entry.schema = schema_of(up);
      layout_.drivers[driver_of(to, b)]->merges.push_back(std::move(entry));
    }
  }

  void add_sources() {
    metrics_.sources.resize(graph_.sources.size());
    for (size_t i = 0; i < graph_.sources.size(); ++i) {
      const SourceUse& use = graph_.sources[i];
      const size_t width = width_[source_at(i)];
      layout_.reject_targets.push_back(
          std::make_unique<ReaderRejects>(rejects_, i, use.spec.table));
      RejectTarget& target = *layout_.reject_targets.back();
      for (size_t copy = 0; copy < width; ++copy) {
        Driver& driver = *layout_.drivers[driver_of(source_at(i), copy)];
        metrics_.sources[i].push_back(std::make_unique<SourceMetrics>());
        std::vector<std::unique_ptr<TableReader>> readers;
        for (size_t r = 0; r < use.readers.size(); ++r) {
          extras_->fans.push_back(std::make_unique<FanOut>(reader_ports_[{i, r, copy}]));
          readers.push_back(std::make_unique<TableReader>(use.readers[r], *extras_->fans.back(),
                                                          target, r, *metrics_.sources[i].back(),
                                                          driver.exchanges.empty()));
          readers.back()->set_zone(options_.zone);
        }
        const SourceDriver::Context context{clock_, rejects_, i, static_cast<uint32_t>(copy),
                                            static_cast<uint32_t>(width)};
        driver.sources.push_back(std::make_unique<SourceDriver>(
            use.spec, std::move(readers), *metrics_.sources[i].back(), driver.metrics, context));
      }
    }
  }

  const JobGraph& graph_;
  const std::vector<SinkPort*>& sinks_;
  Rejects& rejects_;
  JobMetrics& metrics_;
  Clock& clock_;
  const LayoutOptions& options_;
  size_t elements_;
  std::vector<size_t> width_;
  std::vector<size_t> depth_;
  std::vector<size_t> group_;
  std::map<size_t, size_t> first_driver_;  // by root element
  std::map<std::tuple<size_t, size_t, size_t>, std::vector<Port*>> reader_ports_;
  Extras* extras_ = nullptr;
  JobLayout layout_;
};

}  // namespace

JobLayout lay_out(const JobGraph& graph, const std::vector<SinkPort*>& sinks, Rejects& rejects,
                  JobMetrics& metrics, Clock& clock, const LayoutOptions& options) {
  return Builder(graph, sinks, rejects, metrics, clock, options).build();
}

}  // namespace velo
