#include "engine/schemas.h"

#include "base/fmt.h"
#include "base/letters.h"
#include "engine/registry_client.h"
#include "format/formats.h"

namespace velo {
namespace {

/// Of messages of one topic, the subject that their values go by.
std::string subject_of_values(const SortedOptions& options) {
  const auto topic = options.of_connector.find("topic");
  if (topic == options.of_connector.end()) return {};
  if (topic->second.find(';') != std::string::npos) return {};
  return topic->second + "-value";
}

Result<std::shared_ptr<SchemaRegistry>> registry_of(const SortedOptions& options) {
  const OptionReader reader(fmt::format("format '{}'", options.format), options.of_format,
                            format_options(options.format));
  const std::string prefix = options.format + ".";
  RegistryAddress address;
  address.url = reader.text(prefix + "url");
  const std::string source = to_lower(reader.text(prefix + "basic-auth.credentials-source"));
  if (source == "user_info") address.user_info = reader.text(prefix + "basic-auth.user-info");
  address.timeout_us = TRY(reader.duration_us(prefix + "timeout"));
  return connect_registry(std::move(address));
}

}  // namespace

Result<SchemaAccess> schema_access(const SortedOptions& options, const ConnectorContext& context) {
  SchemaAccess access;
  access.read_file = [&files = context.files](const std::string& path) {
    return read_whole_file(files, path);
  };
  access.subject = subject_of_values(options);
  if (options.of_format.contains(options.format + ".url")) {
    access.registry = TRY(registry_of(options));
  }
  return access;
}

bool names_schema(const SortedOptions& options) {
  for (const std::string_view name : {".schema", ".schema.file", ".url"}) {
    if (options.of_format.contains(options.format + std::string(name))) return true;
  }
  return false;
}

}  // namespace velo
