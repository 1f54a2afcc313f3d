#pragma once

#include <string>

#include "connector/connectors.h"
#include "engine/table_kinds.h"
#include "format/schema_access.h"

namespace velo {

/// How the format of a table comes by schemas: by files, and by the registry that its options name.
/// Errors: a bad URL.
Result<SchemaAccess> schema_access(const SortedOptions& options, const ConnectorContext& context);
/// The same for the keys of messages, which have the value's registry where they name none.
Result<SchemaAccess> key_schema_access(const SortedOptions& options,
                                       const ConnectorContext& context);

/// Whether the options name a schema, or a registry, which gives the columns of a table that
/// declares none.
bool names_schema(const SortedOptions& options);

}  // namespace velo
