#pragma once

#include <memory>
#include <string>

#include "operator/over.h"

namespace velo {

/// OVER by event time, over whole partitions, and as rows come: see OverForm.
std::unique_ptr<Operator> make_timed_over(OverOptions options);
std::unique_ptr<Operator> make_whole_over(OverOptions options);
std::unique_ptr<Operator> make_changing_over(OverOptions options);

/// One line for EXPLAIN ANALYZE.
std::string over_text(const OverOptions& options);

/// Gives rows with their answers; those that have none are rejected.
void emit_answers(Batch rows, std::vector<ColumnPtr> answers, const SchemaPtr& schema,
                  RowErrors& errors, Output& output);

}  // namespace velo
