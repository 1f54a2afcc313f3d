#pragma once

#include <string>
#include <string_view>

#include "base/options.h"
#include "column/batch.h"
#include "connector/connectors.h"
#include "plan/binder.h"
#include "plan/catalog.h"
#include "sql/ast.h"

namespace velo {

/// One STRING column `plan`, a row per line.
Batch lines_as_rows(std::string_view column, std::string_view text);
/// DESCRIBE: a row per column of the relation.
Batch describe(const CatalogEntry& entry, bool extended);
/// DESCRIBE kafka('topic'): what creates the table, its options as `written`; comments say what was
/// guessed.
Batch describe_proposal(const BoundProposal& proposal);
/// SHOW TOPICS: name, partitions, messages. `properties`: those of the client.
Result<Batch> show_topics(const ast::Show& show, const OptionMap& properties,
                          const ConnectorContext& context);
/// SHOW: a table of what there is. Errors: what there is nothing to show of yet.
Result<Batch> show(const ast::Show& show, const Catalog& catalog, const OptionMap& settings);
/// SET without a name.
Batch show_settings(const OptionMap& settings);

}  // namespace velo
