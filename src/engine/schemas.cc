#include "engine/schemas.h"

#include "base/fmt.h"
#include "base/letters.h"
#include "engine/registry_client.h"
#include "format/formats.h"

namespace velo {
namespace {

/// Of messages of one topic, the subject that these parts of them go by.
std::string subject_of(const SortedOptions& options, std::string_view part) {
  const auto topic = options.of_connector.find("topic");
  if (topic == options.of_connector.end()) return {};
  if (topic->second.find(';') != std::string::npos) return {};
  return fmt::format("{}-{}", topic->second, part);
}

/// Null if the options name none.
Result<std::shared_ptr<SchemaRegistry>> registry_of(const std::string& format,
                                                    const OptionMap& options) {
  const OptionReader reader(fmt::format("format '{}'", format), options, format_options(format));
  const std::string prefix = format + ".";
  if (!options.contains(prefix + "url")) return std::shared_ptr<SchemaRegistry>();
  RegistryAddress address;
  address.url = reader.text(prefix + "url");
  const std::string source = to_lower(reader.text(prefix + "basic-auth.credentials-source"));
  if (source == "user_info") address.user_info = reader.text(prefix + "basic-auth.user-info");
  address.timeout_us = TRY(reader.duration_us(prefix + "timeout"));
  address.ca_pem = reader.text(prefix + "ssl.ca.pem");
  address.certificate_pem = reader.text(prefix + "ssl.certificate.pem");
  address.key_pem = reader.text(prefix + "ssl.key.pem");
  return connect_registry(std::move(address));
}

SchemaAccess access_of(const SortedOptions& options, std::string_view part,
                       const ConnectorContext& context) {
  SchemaAccess access;
  access.read_file = [&files = context.files](const std::string& path) {
    return read_whole_file(files, path);
  };
  access.subject = subject_of(options, part);
  return access;
}

}  // namespace

Result<SchemaAccess> schema_access(const SortedOptions& options, const ConnectorContext& context) {
  SchemaAccess access = access_of(options, "value", context);
  access.registry = TRY(registry_of(options.format, options.of_format));
  return access;
}

Result<SchemaAccess> key_schema_access(const SortedOptions& options,
                                       const ConnectorContext& context) {
  SchemaAccess access = access_of(options, "key", context);
  access.registry = TRY(registry_of(options.key_format, options.of_key_format));
  if (!access.registry) {
    access.registry = TRY(registry_of(options.format, options.of_format));
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
