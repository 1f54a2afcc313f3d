#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/options.h"
#include "base/result.h"
#include "format/schema_access.h"

namespace velo {

/// The schema that an option `name` gives, or the file of `name`.file; empty if neither is given.
Result<std::string> schema_text(const OptionReader& options, const std::string& name,
                                const SchemaAccess& access);

/// The registry of a format of one. Error: it has no 'url'.
Result<std::shared_ptr<SchemaRegistry>> registry_of(const OptionReader& options,
                                                    const std::string& prefix,
                                                    const SchemaAccess& access);

/// The subject of the records: `prefix`subject or what goes with their topic; may be empty.
std::string subject_of(const OptionReader& options, const std::string& prefix,
                       const SchemaAccess& access);
/// The same, to write under. Error: there is none.
Result<std::string> subject_to_write(const std::string& subject, const std::string& prefix);

/// Whether fields of schemas may be called so: letters, digits and _, and no digit first.
bool is_field_name(std::string_view text);

}  // namespace velo
