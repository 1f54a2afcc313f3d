#pragma once

#include <string>
#include <string_view>

#include "base/options.h"
#include "column/batch.h"
#include "plan/catalog.h"
#include "sql/ast.h"

namespace velo {

/// One STRING column of this name, a row per line of `text`.
Batch text_answer(std::string_view column, std::string_view text);
/// DESCRIBE: name, type, kind of every column.
Batch describe_answer(const CatalogEntry& entry);
/// SHOW. Error kNotSupported for what only a server knows.
Result<Batch> show_answer(const ast::Show& show, const Catalog& catalog, const OptionMap& settings);
/// The lines of EXPLAIN that name what bounds the state of an operator.
std::string state_bounds_text(const PlanNode& plan);

}  // namespace velo
