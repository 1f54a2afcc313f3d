#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/result_port.h"
#include "engine/table_kinds.h"
#include "plan/plan_node.h"
#include "runtime/job_graph.h"

namespace velo {

/// What making sources and sinks asks of the surroundings. Borrowed; outlives the job.
struct TableSurroundings {
  FileSystem& files;
  Clock& clock;
  size_t batch_rows = 1024;
};

/// The physical columns of a table, in order: what its records hold.
SchemaPtr physical_schema(const TableDef& table);

/// A table as a job reads it: columns `fields` and metadata `metadata` (numbers of the table's
/// columns, ascending).
SourceSpec make_source_spec(const TableDefPtr& table, const std::vector<size_t>& fields,
                            const std::vector<size_t>& metadata, const TableSurroundings& around);

/// A table as a job writes it. `schema`: of the rows. `port`: for pushed tables.
SinkSpec make_sink_spec(const TableDefPtr& table, SchemaPtr schema, SinkEncoding encoding,
                        std::vector<size_t> key, std::shared_ptr<ResultPort> port,
                        const TableSurroundings& around);

/// What a dead-letter table asks for, by the names of its columns. Error: a column of an unknown
/// name.
Result<DeadLetterSpec> dead_letter_spec(const TableDef& table);

}  // namespace velo
