#pragma once

#include "cli/command_line.h"
#include "cli/console.h"

namespace velo {

/// `velo test`: runs golden files in all their ways. Returns the exit status: 0 if all passed, 1 if
/// some did not, 2 if something could not be read.
int test_command(const CommandLine& line, const Console& console);

}  // namespace velo
