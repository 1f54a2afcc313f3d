#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace velo {

/// Where a command reads and writes: the process's three descriptors, or a test's.
struct Console {
  std::unique_ptr<File> in;
  std::unique_ptr<File> out;
  std::unique_ptr<File> err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;

  /// Width of the terminal on stderr, asked anew each time; 0 = unknown, or no terminal.
  size_t err_columns() const;
  /// Text for people on stderr. A stderr that is gone is no reason to stop.
  void say(std::string_view text) const;
  /// Error::to_string and a newline.
  void say(const Error& error) const;
  /// A command's own text on stdout.
  Status print(std::string_view text) const;
};

/// Standard input, output and error.
Console process_console();

}  // namespace velo
