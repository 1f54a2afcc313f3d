#include "cli/help_text.h"

#include <algorithm>
#include <vector>

#include "base/fmt.h"

namespace velo {
namespace {

/// "-o, --output table|json|csv"; long names stand below each other.
std::string flag_usage(const FlagInfo& flag) {
  std::string usage = flag.names.starts_with("--") ? "    " : "";
  for (const char c : flag.names) {
    usage.push_back(c);
    if (c == ',') usage.push_back(' ');
  }
  if (!flag.value.empty()) usage += fmt::format(" {}", flag.value);
  return usage;
}

void append_examples(std::string& out, std::span<const ExampleInfo> examples) {
  out += "\nExamples:\n";
  for (const ExampleInfo& example : examples) {
    out += fmt::format("  {}\n", example.line);
    if (!example.says.empty()) out += fmt::format("      {}\n", example.says);
  }
}

}  // namespace

std::string overview_help() {
  std::string out =
      "velo turns streams of events into windowed answers written in SQL.\n"
      "\n"
      "Start here:\n"
      "  velo run -e \"SELECT 'hello' AS greeting\"\n"
      "  velo run examples/google-cluster/cpu_by_category.sql\n"
      "      a file of statements: where events come from, and the question\n"
      "\n"
      "A question looks like this:\n"
      "  CREATE TABLE orders (symbol STRING, price DOUBLE, ts TIMESTAMP(3),\n"
      "    WATERMARK FOR ts AS ts - INTERVAL '5' SECOND\n"
      "  ) WITH ('connector' = 'filesystem', 'path' = 'orders.csv', 'format' = 'csv');\n"
      "  SELECT symbol, window_end, AVG(price) AS price\n"
      "  FROM TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE)\n"
      "  GROUP BY symbol, window_start, window_end;\n"
      "\n"
      "Commands:\n";
  for (const CommandInfo& command : commands()) {
    if (!command.built) continue;
    out += fmt::format("  {:<12}{}\n", command.name, command.purpose);
  }
  out +=
      "\n'velo <command> --help' explains one; 'velo help connectors' and 'velo help functions'\n"
      "are the reference. Exit status: 0 done, 1 the query failed, 2 usage or SQL error.\n";
  return out;
}

std::string command_help(const CommandInfo& command) {
  std::string out = fmt::format("velo {}: {}\n\nUsage: velo {} {}", command.name, command.purpose,
                                command.name, command.synopsis);
  if (!command.flags.empty()) out += command.synopsis.empty() ? "[FLAGS]" : " [FLAGS]";
  while (out.back() == ' ') out.pop_back();
  out += "\n";
  if (!command.built) return out + "\nNot built yet.\n";
  if (!command.text.empty()) out += fmt::format("\n{}\n", command.text);
  append_examples(out, command.examples);
  if (command.flags.empty()) return out;
  size_t width = 0;
  for (const FlagInfo& flag : command.flags) width = std::max(width, flag_usage(flag).size());
  out += "\nFlags:\n";
  for (const FlagInfo& flag : command.flags) {
    out += fmt::format("  {:<{}}  {}\n", flag_usage(flag), width, flag.says);
  }
  return out;
}

}  // namespace velo
