#include "cli/program.h"

#include "base/fmt.h"
#include "cli/command_line.h"
#include "cli/dlq_command.h"
#include "cli/help_text.h"
#include "cli/language_commands.h"
#include "cli/reference_pages.h"
#include "cli/run_command.h"
#include "cli/test_command.h"

namespace velo {
namespace {

int fail(const Console& console, const Error& error) {
  console.say(error);
  return exit_status(error.code);
}

int print(const Console& console, std::string_view text) {
  const Status printed = console.print(text);
  return printed || printed.error().code == ErrorCode::kClosed ? 0
                                                               : fail(console, printed.error());
}

int help_command(const CommandLine& line, const Console& console) {
  if (line.arguments.empty()) return print(console, overview_help());
  if (line.arguments[0] == "connectors") return print(console, connectors_page());
  if (line.arguments[0] == "functions") return print(console, functions_page());
  const CommandInfo* command = find_command(line.arguments[0]);
  if (command != nullptr) return print(console, command_help(*command));
  return fail(console, Error(ErrorCode::kUsage,
                             fmt::format("there is no command '{}'", line.arguments[0])));
}

int completion_command(const CommandLine& line, const Console& console) {
  const std::string shell = line.arguments.empty() ? "" : line.arguments[0];
  const std::string script = completion_script(shell);
  if (!script.empty()) return print(console, script);
  return fail(console, Error(ErrorCode::kUsage, fmt::format("no completion for '{}'", shell))
                           .with_hint("velo completion bash|zsh|fish"));
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, const Console& console) {
  const Result<CommandLine> line = parse_command_line(arguments);
  if (!line) return fail(console, line.error());
  if (line->command == nullptr) return print(console, overview_help());
  const std::string_view name = line->command->name;
  if (line->help) return print(console, command_help(*line->command));
  if (name == "run") return run_command(*line, console);
  if (name == "check") return check_command(*line, console);
  if (name == "explain") return explain_command(*line, console);
  if (name == "fmt") return fmt_command(*line, console);
  if (name == "test") return test_command(*line, console);
  if (name == "dlq") return dlq_command(*line, console);
  if (name == "help") return help_command(*line, console);
  if (name == "completion") return completion_command(*line, console);
  if (name == "version") return print(console, fmt::format("velo {}\n", kVersion));
  return fail(console, Error(ErrorCode::kUsage, fmt::format("'velo {}' is not built yet", name))
                           .with_hint("what there is: velo --help"));
}

}  // namespace velo
