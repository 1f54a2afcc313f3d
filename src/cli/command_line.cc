#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "base/fmt.h"

namespace velo {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool is_number(const std::string& text) {
  uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() && number > 0;
}

Error usage_error(const CommandInfo& command, std::string message, std::string hint = {}) {
  if (hint.empty()) hint = fmt::format("see 'velo {} --help'", command.name);
  return Error(ErrorCode::kUsage, std::move(message)).with_hint(std::move(hint));
}

Error unknown_command(std::string_view name) {
  std::vector<std::string_view> names;
  for (const CommandInfo& command : commands()) names.push_back(command.name);
  std::string hint = did_you_mean(name, names);
  if (hint.empty()) hint = "see 'velo --help'";
  if (name.ends_with(".sql")) hint = fmt::format("to run a file: velo run {}", name);
  return Error(ErrorCode::kUsage, fmt::format("there is no command '{}'", name))
      .with_hint(std::move(hint));
}

Error unknown_flag(const CommandInfo& command, const std::string& given) {
  std::vector<std::string> names{"--help"};
  for (const FlagInfo& flag : command.flags) {
    for (std::string& name : split(flag.names, ',')) names.push_back(std::move(name));
  }
  const std::string name = given.substr(0, given.find('='));
  return usage_error(command, fmt::format("'velo {}' has no flag '{}'", command.name, name),
                     did_you_mean(name, names));
}

Status check_value(const CommandInfo& command, const FlagInfo& flag, const std::string& value) {
  if (flag.value == "N" && !is_number(value)) {
    return usage_error(command,
                       fmt::format("{} '{}': not a number above zero", flag.name(), value));
  }
  if (flag.value == "json" && value != "json") {
    return usage_error(command, fmt::format("{} '{}': not 'json'", flag.name(), value));
  }
  if (flag.is_choice()) {
    const std::vector<std::string> choices = split(flag.value, '|');
    if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
      return usage_error(
          command, fmt::format("{} '{}': must be one of {}", flag.name(), value, flag.value));
    }
  }
  return {};
}

/// What CLI11 complains about, in our words.
Error parse_error(const CommandInfo& command, const CLI::App& app, const CLI::ParseError& error) {
  for (const std::string& rest : app.remaining()) {
    if (rest.starts_with("-") && rest != "-") return unknown_flag(command, rest);
  }
  return usage_error(command, error.what());
}

}  // namespace

std::string CommandLine::value(std::string_view flag, std::string_view otherwise) const {
  const auto found = flags.find(flag);
  return found == flags.end() || found->second.empty() ? std::string(otherwise)
                                                       : found->second.back();
}

uint64_t CommandLine::number(std::string_view flag, uint64_t otherwise) const {
  const std::string text = value(flag);
  if (text.empty()) return otherwise;
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Result<OptionMap> CommandLine::pairs(std::string_view flag) const {
  OptionMap out;
  const auto found = flags.find(flag);
  if (found == flags.end()) return out;
  for (const std::string& pair : found->second) {
    const size_t equal = pair.find('=');
    if (equal == std::string::npos || equal == 0) {
      return usage_error(*command, fmt::format("{} '{}': must be KEY=VALUE", flag, pair));
    }
    out[pair.substr(0, equal)] = pair.substr(equal + 1);
  }
  return out;
}

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    line.help = true;
    return line;
  }
  const std::string& name = arguments[0];
  line.command = find_command(name == "--version" ? "version" : name);
  if (line.command == nullptr) return unknown_command(name);
  const CommandInfo& command = *line.command;

  CLI::App app;
  app.allow_extras();
  app.set_help_flag();
  app.add_flag("-h,--help", line.help);
  std::map<std::string, std::vector<std::string>, std::less<>> given;
  for (const FlagInfo& flag : command.flags) {
    std::vector<std::string>& values = given[std::string(flag.name())];
    if (flag.value.empty()) {
      app.add_flag_callback(std::string(flag.names), [&values] { values.push_back("true"); });
    } else {
      app.add_option(std::string(flag.names), values)
          ->expected(1)
          ->allow_extra_args(false)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  }
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend() - 1);
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return parse_error(command, app, error);
  }
  for (const FlagInfo& flag : command.flags) {
    std::vector<std::string>& values = given[std::string(flag.name())];
    if (values.empty()) continue;
    for (const std::string& value : values) TRY(check_value(command, flag, value));
    if (values.size() > 1 && !flag.repeats) {
      return usage_error(command, fmt::format("{} is given twice", flag.name()));
    }
    line.flags.emplace(flag.name(), std::move(values));
  }
  bool only_arguments = false;  // after "--"
  for (const std::string& rest : app.remaining()) {
    if (rest == "--" && !only_arguments) {
      only_arguments = true;
    } else if (!only_arguments && rest.starts_with("-") && rest != "-") {
      return unknown_flag(command, rest);
    } else {
      line.arguments.push_back(rest);
    }
  }
  return line;
}

}  // namespace velo
