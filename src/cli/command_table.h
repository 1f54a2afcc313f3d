#pragma once

#include <span>
#include <string_view>

namespace velo {

/// A flag of a command. The one place where it is written down: parsing, help and shell completion
/// are made from this table.
struct FlagInfo {
  std::string_view names;  ///< "-o,--output": short ones first, the last is its name in the code
  std::string_view value;  ///< "N", "FILE", "table|json|csv" (a choice); "" = a switch
  std::string_view says;
  bool repeats = false;

  /// The last of `names`.
  std::string_view name() const {
    const size_t comma = names.rfind(',');
    return comma == std::string_view::npos ? names : names.substr(comma + 1);
  }
  bool is_choice() const { return value.find('|') != std::string_view::npos; }
};

struct ExampleInfo {
  std::string_view line;
  std::string_view says;
};

/// What stands behind `velo <name>`.
struct CommandInfo {
  std::string_view name;
  std::string_view synopsis;  ///< what follows the name
  std::string_view purpose;   ///< one line
  std::string_view text;      ///< some lines more, or nothing
  std::span<const ExampleInfo> examples;
  std::span<const FlagInfo> flags;
  std::string_view files;  ///< extension of the files it takes, for completion; "" = none
  bool built = true;       ///< false: named in the plan, not there yet
};

std::span<const CommandInfo> commands();
/// nullptr if there is none of this name.
const CommandInfo* find_command(std::string_view name);

}  // namespace velo
