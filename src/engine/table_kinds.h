#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/options.h"
#include "connector/connectors.h"
#include "plan/table_options.h"

namespace velo {

/// A table's options, sorted by who understands them.
struct SortedOptions {
  std::string connector;
  std::string format;  ///< "" = none; an internal one for connectors that make their own rows
  OptionMap of_connector;
  OptionMap of_format;                 ///< also those that are written with 'value.' in front
  std::string key_format;              ///< of messages; "" = none is named
  OptionMap of_key_format;             ///< written with 'key.' in front
  std::vector<std::string> of_nobody;  ///< names
};

/// Options of the plan itself are passed over. Fills in the format that goes with the connector or
/// with the path's extension.
SortedOptions sort_options(const OptionMap& options);

/// 'push' (and 'script'): fed and read by the program.
bool is_pushed_connector(std::string_view name);

/// What the binder asks about connectors and formats, answered from their option tables.
class EngineTableKinds final : public TableKinds {
 public:
  explicit EngineTableKinds(ConnectorContext context) : context_(context) {}

  std::vector<OptionProblem> check(const OptionMap& options) const override;
  std::vector<OptionProblem> check_columns(const OptionMap& options,
                                           const std::vector<Field>& stored) const override;
  TableTraits traits(const OptionMap& options) const override;
  Result<InferredTable> infer_columns(const OptionMap& options) const override;
  std::vector<std::string> option_names(const OptionMap& options) const override;
  std::span<const OptionInfo> settings() const override;

 private:
  /// Of the files that 'path' names now.
  std::optional<uint64_t> bytes_to_read(const std::string& path) const;

  ConnectorContext context_;
};

/// The options that a connector takes beside those of every table and of its format.
std::span<const OptionInfo> options_of_connector(std::string_view connector);
/// False: it has a name, and no rows yet.
bool is_connector_ready(std::string_view connector);
/// Settings of the engine, beside the plan's.
std::span<const OptionInfo> engine_settings();

}  // namespace velo
