#pragma once

#include <string>

#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/language_commands.h"
#include "engine/engine.h"

namespace velo {

/// `velo run`: executes a script until its jobs end or Ctrl-C. Returns the exit status.
///
/// SIGINT and SIGTERM are blocked in all threads from here on and taken by one (StopSignals), so no
/// handler and no global is needed.
int run_command(const CommandLine& line, const Console& console);

/// The same with a text that somebody else made; `line` has the flags.
int run_text(const CommandLine& line, const Console& console, const SqlText& sql);

/// The engine that the flags --set, --parallelism and --batch-rows describe, before SETs.
Result<EngineOptions> engine_options(const CommandLine& line);

/// What was lost on the way, said loudly; "" if nothing was:
///
///     warning: 3 rows did not make it into the answers (1,000 rows in):
///       2 late (their windows were closed)
///       1 bad (could not be read)
std::string closing_counts(const Progress& progress);

}  // namespace velo
