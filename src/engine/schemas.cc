#include "engine/schemas.h"

namespace velo {

SchemaAccess schema_access(const SortedOptions& options, const ConnectorContext& context) {
  (void)options;
  SchemaAccess access;
  access.read_file = [&files = context.files](const std::string& path) {
    return read_whole_file(files, path);
  };
  return access;
}

bool names_schema(const SortedOptions& options) {
  for (const std::string_view name : {".schema", ".schema.file"}) {
    if (options.of_format.contains(options.format + std::string(name))) return true;
  }
  return false;
}

}  // namespace velo
