#pragma once

#include "plan/query_binder.h"

namespace velo {

/// Where a query is written, and what the text says about it.
struct SinkRequest {
  TableDefPtr table;
  std::vector<ast::Name> columns = {};  ///< as listed after the table's name; empty = all
  SourceSpan span;                      ///< of the table's name
  std::vector<SourceSpan> items = {};   ///< of the query's columns, if they are known
};

/// The rows of `query` written to a table: columns matched and cast, the changelog fitted to what
/// the table takes, state bounded.
Result<PlanPtr> bind_sink(BindSession& session, const SinkRequest& request, PlanPtr query);

/// The spans of the items of a SELECT without stars, or of a single row of VALUES; else empty.
std::vector<SourceSpan> item_spans(const ast::Query& query);

/// Un-windowed state that nothing bounds: an error if the job writes, else a warning.
Status check_state(BindSession& session, const PlanNode& plan, bool writes);

}  // namespace velo
