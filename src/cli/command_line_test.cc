#include "cli/command_line.h"

#include <gtest/gtest.h>

#include "cli/help_text.h"

namespace velo {
namespace {

Error error_of(const std::vector<std::string>& arguments) {
  const Result<CommandLine> line = parse_command_line(arguments);
  return line ? Error(ErrorCode::kInternal, "no error") : line.error();
}

TEST(CommandLine, FlagsAndArguments) {
  const CommandLine line = *parse_command_line(
      {"run", "a.sql", "--output", "csv", "-p", "2", "--set", "a=1", "-s", "b=x=y"});
  EXPECT_EQ(line.command->name, "run");
  EXPECT_EQ(line.arguments, std::vector<std::string>{"a.sql"});
  EXPECT_EQ(line.value("--output"), "csv");
  EXPECT_EQ(line.number("--parallelism", 1), 2u);
  EXPECT_EQ(line.number("--batch-rows", 1024), 1024u);
  EXPECT_EQ(*line.pairs("--set"), (OptionMap{{"a", "1"}, {"b", "x=y"}}));
  EXPECT_FALSE(line.has("--stats"));
}

TEST(CommandLine, ValueAfterEqualSign) {
  const CommandLine line = *parse_command_line({"run", "--stats=json", "-e", "SELECT -1"});
  EXPECT_EQ(line.value("--stats"), "json");
  EXPECT_EQ(line.value("--execute"), "SELECT -1");
  EXPECT_TRUE(line.arguments.empty());
}

TEST(CommandLine, StandardInputAndDoubleDash) {
  EXPECT_EQ(parse_command_line({"run", "-"})->arguments, std::vector<std::string>{"-"});
  EXPECT_EQ(parse_command_line({"run", "--", "-x.sql"})->arguments,
            std::vector<std::string>{"-x.sql"});
}

TEST(CommandLine, Help) {
  EXPECT_TRUE(parse_command_line({})->help);
  EXPECT_EQ(parse_command_line({"--help"})->command, nullptr);
  const CommandLine line = *parse_command_line({"fmt", "--help"});
  EXPECT_TRUE(line.help);
  EXPECT_EQ(line.command->name, "fmt");
}

TEST(CommandLine, ErrorsSayWhatAndWhereToLook) {
  EXPECT_EQ(error_of({"rum"}).to_string(),
            "error 1004: there is no command 'rum'\n  hint: did you mean 'run'?");
  EXPECT_EQ(error_of({"a.sql"}).hint, "to run a file: velo run a.sql");
  EXPECT_EQ(error_of({"run", "--ouput", "csv"}).to_string(),
            "error 1004: 'velo run' has no flag '--ouput'\n  hint: did you mean '--output'?");
  EXPECT_EQ(error_of({"run", "--output", "xml"}).message,
            "--output 'xml': must be one of table|json|csv");
  EXPECT_EQ(error_of({"run", "--parallelism", "0"}).message,
            "--parallelism '0': not a number above zero");
  EXPECT_EQ(error_of({"run", "-e", "a", "-e", "b"}).message, "--execute is given twice");
  EXPECT_EQ(parse_command_line({"run", "--set", "a"})->pairs("--set").error().message,
            "--set 'a': must be KEY=VALUE");
  EXPECT_EQ(error_of({"run", "--batch-rows"}).code, ErrorCode::kUsage);
}

TEST(CommandLine, EveryFlagOfTheTableIsParsed) {
  for (const CommandInfo& command : commands()) {
    for (const FlagInfo& flag : command.flags) {
      std::vector<std::string> arguments{std::string(command.name), std::string(flag.name())};
      std::string value(flag.value.substr(0, flag.value.find('|')));
      if (value == "N") value = "7";
      if (value == "K=V") value = "k=v";
      if (!value.empty()) arguments.push_back(value);
      const Result<CommandLine> line = parse_command_line(arguments);
      ASSERT_TRUE(line.has_value()) << command.name << ' ' << flag.name();
      EXPECT_TRUE(line->has(flag.name()));
    }
  }
}

TEST(Help, EveryCommandTeachesByExample) {
  for (const CommandInfo& command : commands()) {
    const std::string help = command_help(command);
    EXPECT_NE(help.find(command.purpose), std::string::npos);
    if (command.built) {
      EXPECT_NE(help.find("Examples:\n  "), std::string::npos) << command.name;
    }
    for (const FlagInfo& flag : command.flags) {
      EXPECT_NE(help.find(flag.name()), std::string::npos);
      EXPECT_NE(help.find(flag.says), std::string::npos);
    }
    for (const char* shell : {"bash", "zsh", "fish"}) {
      if (!command.built) continue;
      EXPECT_NE(completion_script(shell).find(command.name), std::string::npos);
    }
  }
  EXPECT_EQ(completion_script("csh"), "");
}

}  // namespace
}  // namespace velo
