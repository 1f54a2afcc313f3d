#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "connector/connectors.h"
#include "format/formats.h"
#include "plan/table_options.h"

namespace velo {

/// The options of one table, dealt to those who understand them.
struct TableParts {
  const ConnectorInfo* connector = nullptr;
  const FormatInfo* format = nullptr;  ///< null: none is named and none is needed
  OptionMap connector_options;
  OptionMap format_options;
  bool pushed = false;  ///< the program feeds it, or takes from it: 'push' or 'script'
};

/// REQUIRES: TableKinds::check found nothing wrong with the options.
TableParts table_parts(const OptionMap& options);

/// What the connectors and formats of this program make of a table's options.
class EngineTableKinds final : public TableKinds {
 public:
  EngineTableKinds(FileSystem& files, Clock& clock) : files_(files), clock_(clock) {}
  std::vector<OptionProblem> check(const OptionMap& options) const override;
  TableTraits traits(const OptionMap& options) const override;
  Result<std::vector<Field>> infer_columns(const OptionMap& options) const override;
  std::vector<std::string> option_names(const OptionMap& options) const override;
  std::span<const OptionInfo> settings() const override;

 private:
  FileSystem& files_;
  Clock& clock_;
};

}  // namespace velo
