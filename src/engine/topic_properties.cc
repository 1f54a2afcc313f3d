#include "engine/topic_properties.h"

#include "base/fmt.h"
#include "plan/topic_binder.h"

namespace velo {

Result<OptionMap> topic_properties(const OptionMap& settings, const VariableLookup& variables,
                                   std::string_view what) {
  OptionMap properties;
  for (const auto& [name, value] : topic_defaults(settings, variables)) {
    if (!name.starts_with("properties.")) continue;
    properties[name] = variables ? TRY(substitute_variables(value, variables)) : value;
  }
  if (properties.contains("properties.bootstrap.servers")) return properties;
  return Error(ErrorCode::kMissingOption, fmt::format("the brokers {} are not known", what))
      .with_hint("SET 'kafka.properties.bootstrap.servers' = 'host:9092', or $VELO_KAFKA_BROKERS");
}

}  // namespace velo
