#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fmt.h"

namespace velo {

size_t Console::err_columns() const {
  winsize size{};
  if (!err_is_terminal || ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

void Console::say(std::string_view text) const {
  const Status ignored = err->write(as_bytes(text));
  (void)ignored;
}

void Console::say(const Error& error) const { say(fmt::format("{}\n", error.to_string())); }

Status Console::print(std::string_view text) const { return out->write(as_bytes(text)); }

Console process_console() {
  Console console;
  console.in = borrow_descriptor(STDIN_FILENO, "standard input");
  console.out = borrow_descriptor(STDOUT_FILENO, "standard output");
  console.err = borrow_descriptor(STDERR_FILENO, "standard error");
  console.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  console.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  return console;
}

}  // namespace velo
