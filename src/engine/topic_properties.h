#pragma once

#include "base/options.h"
#include "base/result.h"
#include "sql/variables.h"

namespace velo {

/// The options 'properties.*' that settings ('kafka.*') and environment say for all topics, their
/// variables filled in. `what`: for the error if no brokers are among them.
Result<OptionMap> topic_properties(const OptionMap& settings, const VariableLookup& variables,
                                   std::string_view what);

}  // namespace velo
