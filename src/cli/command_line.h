#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/result.h"
#include "cli/command_table.h"

namespace velo {

/// `velo <command> …` taken apart by the table of commands.
struct CommandLine {
  const CommandInfo* command = nullptr;  ///< nullptr: only help was asked for
  std::vector<std::string> arguments;    ///< what is not a flag
  std::map<std::string, std::vector<std::string>, std::less<>> flags;  ///< by FlagInfo::name
  bool help = false;

  bool has(std::string_view flag) const { return flags.contains(flag); }
  /// The last value given, or `otherwise`.
  std::string value(std::string_view flag, std::string_view otherwise = {}) const;
  /// REQUIRES: the flag's value is "N", which parsing has checked.
  uint64_t number(std::string_view flag, uint64_t otherwise) const;
  /// The K=V values of a flag as a map. Error kUsage for one without '='.
  Result<OptionMap> pairs(std::string_view flag) const;
};

/// `arguments`: without the program's name. Errors have code kUsage, say what is wrong and where to
/// look it up.
Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

}  // namespace velo
