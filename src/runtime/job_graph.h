#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/channel.h"
#include "runtime/rejects.h"
#include "runtime/sink_port.h"
#include "runtime/source_driver.h"

namespace velo {

/// Where an operator or a sink takes its rows from.
struct Upstream {
  enum class Kind : uint8_t { kReader, kNode };
  Kind kind = Kind::kNode;
  size_t index = 0;   ///< kReader: the source; kNode: the node
  size_t reader = 0;  ///< kReader: which reader of the source
};

/// What an operator needs of its input when there are several copies of it.
enum class Spread : uint8_t {
  kAnywhere,  ///< row by row: wherever the rows are
  kByKey,     ///< all rows of a key in one copy
  kSingle,    ///< one copy
};

struct NodeSpec {
  /// A fresh operator; called once per copy, before anything runs.
  std::function<std::unique_ptr<Operator>()> make;
  std::vector<Upstream> inputs;
  Spread spread = Spread::kAnywhere;
  /// kByKey: one list per input, over that input; equal keys have equal types. None: one copy.
  std::vector<std::vector<ExprPtr>> keys;
  MergeOptions merge;  ///< kByKey: how the results of the copies become one stream
  /// LATE DATA TO: number of the sink, and what stands in it.
  struct Late {
    size_t sink;
    LateSpec spec;
  };
  std::optional<Late> late;
};

struct SinkSpec {
  std::string name;
  std::optional<Upstream> input;  ///< nothing: a side table (dead letters, late data)
  std::function<Result<std::unique_ptr<SinkPort>>()> make;
  /// Of one that leads away (see ReaderSpec): numbers of the sources whose rows it writes.
  std::vector<size_t> origins = {};
};

struct SourceUse {
  SourceSpec spec;
  std::optional<size_t> dead_letters;  ///< number of the sink for bad records
  std::vector<ReaderSpec> readers;
};

/// What a job does, apart from how many threads do it. Nodes stand after their inputs.
struct JobGraph {
  std::vector<SourceUse> sources;
  std::vector<NodeSpec> nodes;
  std::vector<SinkSpec> sinks;
};

}  // namespace velo
