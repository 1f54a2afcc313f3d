#include "format/schema_options.h"

#include <algorithm>

#include "base/fmt.h"

namespace velo {

Result<std::string> schema_text(const OptionReader& options, const std::string& name,
                                const SchemaAccess& access) {
  const std::string file = name + ".file";
  if (!options.has(file)) return options.text(name);
  if (options.has(name)) {
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("'{}' and '{}' both give the schema", name, file))
        .with_hint("leave one of them out");
  }
  if (!access.read_file) {
    return Error(ErrorCode::kNotSupported, fmt::format("'{}': there are no files here", file));
  }
  Result<std::string> text = access.read_file(options.text(file));
  if (text) return text;
  Error error = std::move(text).error();
  error.message = fmt::format("'{}': {}", file, error.message);
  return error;
}

Result<std::shared_ptr<SchemaRegistry>> registry_of(const OptionReader& options,
                                                    const std::string& prefix,
                                                    const SchemaAccess& access) {
  if (access.registry) return access.registry;
  const std::string name = prefix + "url";
  if (options.has(name)) {
    return Error(ErrorCode::kNotSupported, fmt::format("'{}': there is no network here", name));
  }
  return Error(ErrorCode::kMissingOption,
               fmt::format("option '{}' is missing: where the schema registry is", name))
      .with_hint(fmt::format("'{}' = 'http://host:8081'", name));
}

std::string subject_of(const OptionReader& options, const std::string& prefix,
                       const SchemaAccess& access) {
  const std::string name = prefix + "subject";
  return options.has(name) ? options.text(name) : access.subject;
}

Result<std::string> subject_to_write(const std::string& subject, const std::string& prefix) {
  if (!subject.empty()) return subject;
  return Error(ErrorCode::kMissingOption,
               fmt::format("option '{}subject' is missing: under which the schema is registered",
                           prefix))
      .with_hint(fmt::format("'{}subject' = '<topic>-value'", prefix));
}

bool is_field_name(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); });
}

}  // namespace velo
