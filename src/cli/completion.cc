// Completion scripts made from the table of commands.
#include <vector>

#include "base/fmt.h"
#include "cli/help_text.h"

namespace velo {
namespace {

std::string replaced(std::string_view text, char from, std::string_view to) {
  std::string out;
  for (const char c : text) {
    if (c == from) {
      out += to;
    } else {
      out.push_back(c);
    }
  }
  return out;
}

/// A single quote inside single quotes, for bash and zsh.
constexpr std::string_view kShellQuote = "'\\''";

std::string names_of_commands() {
  std::string names;
  for (const CommandInfo& command : commands()) {
    if (command.built) names += fmt::format("{}{}", names.empty() ? "" : " ", command.name);
  }
  return names;
}

std::string flags_of(const CommandInfo& command) {
  std::string words = "--help";
  for (const FlagInfo& flag : command.flags) words += fmt::format(" {}", flag.name());
  return words;
}

/// What may stand behind the command, beside files.
std::string arguments_of(const CommandInfo& command) {
  if (command.name == "completion") return "bash zsh fish";
  if (command.name == "dlq") return "show replay";
  return command.name == "help" ? names_of_commands() + " connectors functions" : "";
}

/// "run:--output|run:-o", for a case of the shell.
std::string patterns(const CommandInfo& command, const FlagInfo& flag) {
  return fmt::format("{0}:{1}", command.name,
                     replaced(flag.names, ',', fmt::format("|{}:", command.name)));
}

std::string bash_script() {
  std::string out =
      "# bash completion for velo\n"
      "_velo() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  if ((COMP_CWORD == 1)); then\n";
  out += fmt::format("    COMPREPLY=($(compgen -W \"{}\" -- \"$word\"))\n    return\n  fi\n",
                     names_of_commands());
  out += "  case ${COMP_WORDS[1]}:$before in\n";
  for (const CommandInfo& command : commands()) {
    for (const FlagInfo& flag : command.flags) {
      if (!flag.is_choice()) continue;
      out += fmt::format("    {}) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return ;;\n",
                         patterns(command, flag), replaced(flag.value, '|', " "));
    }
  }
  out += "  esac\n  case ${COMP_WORDS[1]}:$word in\n";
  for (const CommandInfo& command : commands()) {
    if (!command.built) continue;
    const std::string files =
        command.files.empty()
            ? ""
            : fmt::format("; compgen -f -X '!*{}' -- \"$word\"; compgen -d -- \"$word\"",
                          command.files);
    // A line of mapfile is a word, so that names with blanks stay whole.
    out += fmt::format("    {}:-*) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")) ;;\n",
                       command.name, flags_of(command));
    out += fmt::format("    {}:*) mapfile -t COMPREPLY < <(compgen -W \"{}\" -- \"$word\"{}) ;;\n",
                       command.name, arguments_of(command), files);
  }
  out += "  esac\n}\ncomplete -o filenames -F _velo velo\n";
  return out;
}

std::string zsh_script() {
  std::string out =
      "#compdef velo\n"
      "# zsh completion for velo\n"
      "_velo() {\n"
      "  local -a commands=(\n";
  for (const CommandInfo& command : commands()) {
    if (!command.built) continue;
    out += fmt::format("    '{}:{}'\n", command.name,
                       replaced(replaced(command.purpose, ':', "\\:"), '\'', kShellQuote));
  }
  out +=
      "  )\n"
      "  if ((CURRENT == 2)); then _describe command commands; return; fi\n"
      "  local name=${words[2]}\n"
      "  shift words; ((CURRENT--))\n"
      "  case $name in\n";
  for (const CommandInfo& command : commands()) {
    if (!command.built) continue;
    out += fmt::format("    {}) _arguments '--help[explain this command]'", command.name);
    for (const FlagInfo& flag : command.flags) {
      std::string action;
      if (flag.is_choice()) {
        action = fmt::format(":value:({})", replaced(flag.value, '|', " "));
      } else if (flag.value == "FILE") {
        action = ":file:_files";
      } else if (!flag.value.empty()) {
        action = ":value:";
      }
      out += fmt::format(" '{}{}[{}]{}'", flag.repeats ? "*" : "", flag.name(),
                         replaced(flag.says, '\'', kShellQuote), action);
    }
    if (const std::string words = arguments_of(command); !words.empty()) {
      out += fmt::format(" '1:{}:({})'", command.name, words);
    }
    if (!command.files.empty()) out += fmt::format(" '*:file:_files -g \"*{}\"'", command.files);
    out += " ;;\n";
  }
  out += "  esac\n}\nif [ \"$funcstack[1]\" = _velo ]; then _velo; else compdef _velo velo; fi\n";
  return out;
}

std::string fish_script() {
  std::string out = "# fish completion for velo\ncomplete -c velo -f\n";
  for (const CommandInfo& command : commands()) {
    if (!command.built) continue;
    out += fmt::format("complete -c velo -n __fish_use_subcommand -a {} -d '{}'\n", command.name,
                       replaced(command.purpose, '\'', "\\'"));
    const std::string after = fmt::format("-n '__fish_seen_subcommand_from {}'", command.name);
    if (!command.files.empty()) {
      out += fmt::format("complete -c velo {} -ka '(__fish_complete_suffix {})'\n", after,
                         command.files);
    }
    if (const std::string words = arguments_of(command); !words.empty()) {
      out += fmt::format("complete -c velo {} -a '{}'\n", after, words);
    }
    for (const FlagInfo& flag : command.flags) {
      out += fmt::format("complete -c velo {} -l {} -d '{}'", after, flag.name().substr(2),
                         replaced(flag.says, '\'', "\\'"));
      if (!flag.names.starts_with("--")) out += fmt::format(" -s {}", flag.names[1]);
      if (flag.is_choice()) out += fmt::format(" -xa '{}'", replaced(flag.value, '|', " "));
      if (!flag.is_choice() && !flag.value.empty()) out += " -r";
      out += "\n";
    }
  }
  return out;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  return {};
}

}  // namespace velo
