#pragma once

#include <string>

#include "connector/connectors.h"
#include "engine/table_kinds.h"
#include "format/schema_access.h"

namespace velo {

/// How the format of a table comes by schemas.
SchemaAccess schema_access(const SortedOptions& options, const ConnectorContext& context);

/// Whether the options name a schema, which gives the columns of a table that declares none.
bool names_schema(const SortedOptions& options);

}  // namespace velo
