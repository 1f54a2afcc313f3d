#pragma once

#include "cli/command_line.h"
#include "cli/console.h"
#include "engine/engine.h"

namespace velo {

/// A text of SQL and the name that errors call it by ("" for -e).
struct SqlText {
  std::string name;
  std::string text;
};
/// What a command was given: -e's text, or the one file (`-`: standard input). Errors: none or
/// both, a file that cannot be read.
Result<SqlText> read_sql(const CommandLine& line, const Console& console);

/// SETs what --set was given. Errors name the setting: unknown, or a value that it cannot have.
Status apply_settings(Engine& engine, const OptionMap& settings);

/// The commands that look at SQL and run nothing. They return the exit status.
int check_command(const CommandLine& line, const Console& console);
int explain_command(const CommandLine& line, const Console& console);
int fmt_command(const CommandLine& line, const Console& console);

}  // namespace velo
