#pragma once

#include "cli/command_line.h"
#include "cli/console.h"

namespace velo {

/// `velo dlq show|replay`: dead letters of a topic. Returns the exit status.
int dlq_command(const CommandLine& line, const Console& console);

}  // namespace velo
