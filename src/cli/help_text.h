#pragma once

#include <string>

#include "cli/command_table.h"

namespace velo {

/// What `velo --help` prints: the way in, by example, and the commands.
std::string overview_help();
/// What `velo <command> --help` prints.
std::string command_help(const CommandInfo& command);
/// A script for `shell` (bash, zsh, fish) that completes commands, flags, choices and files. "" for
/// an unknown shell.
std::string completion_script(std::string_view shell);

}  // namespace velo
