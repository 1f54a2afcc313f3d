#include "cli/command_table.h"

namespace velo {
namespace {

constexpr FlagInfo kRunFlags[] = {
    {"-e,--execute", "SQL", "run this text instead of a file"},
    {"-o,--output", "table|json|csv",
     "form of a SELECT's rows; default: table on a terminal, else json"},
    {"--progress", "auto|always|never",
     "rows, rate, watermark, time left on stderr (default auto)"},
    {"--stats", "json", "one JSON object on stderr at the end: rows, times, memory"},
    {"-p,--parallelism", "N", "threads for sources, and as many for keyed state (default 1)"},
    {"--batch-rows", "N", "at most so many rows per batch (default 1024)"},
    {"-s,--set", "K=V", "as if SET 'K' = 'V' stood before the first statement", true},
};
constexpr ExampleInfo kRunExamples[] = {
    {"velo run -e \"SELECT 1 + 1 AS two\"", "no input at all"},
    {"velo run orders.sql", "every statement of a file; INSERTs and SELECTs run together"},
    {"velo run --output csv orders.sql > result.csv", "rows for another program"},
    {"tail -f app.log | velo run errors.sql",
     "with 'connector'='filesystem', 'path'='-' in errors.sql"},
};

constexpr FlagInfo kTextFlags[] = {
    {"-e,--execute", "SQL", "look at this text instead of a file"},
    {"-s,--set", "K=V", "as if SET 'K' = 'V' stood before the first statement", true},
};
constexpr ExampleInfo kCheckExamples[] = {
    {"velo check orders.sql", "all errors at once, with line, column and remedy"},
    {"velo check -e \"SELECT prise FROM t\"", "a text from the command line"},
};
constexpr ExampleInfo kExplainExamples[] = {
    {"velo explain orders.sql", "the plan of every query in the file"},
    {"velo explain -e \"SELECT 1\"", "a text from the command line"},
};

constexpr FlagInfo kFmtFlags[] = {
    {"-w,--write", "", "change the files in place"},
    {"--check", "", "write nothing; exit status 1 if a file is not laid out so"},
    {"-e,--execute", "SQL", "lay out this text instead of a file"},
};
constexpr ExampleInfo kFmtExamples[] = {
    {"velo fmt orders.sql", "the laid-out text on stdout"},
    {"velo fmt -w sql/*.sql", "in place"},
    {"velo fmt -e \"select a from t window tumbling(1m)\"", "any dialect in, Flink's spelling out"},
};

constexpr FlagInfo kTestFlags[] = {
    {"--complete", "", "write what came out into the files where it differs; then read the diff"},
    {"--junit", "FILE", "write a JUnit report"},
    {"-v,--verbose", "", "a line per file"},
};
constexpr ExampleInfo kTestExamples[] = {
    {"velo test tests/sql", "every .slt file below, each in many ways"},
    {"velo test -v late_rows.slt", "one file"},
    {"velo test --complete new.slt", "fill in what you have thought through"},
};

constexpr FlagInfo kDlqFlags[] = {
    {"-b,--brokers", "HOST:PORT,…",
     "brokers; else the setting kafka.properties.bootstrap.servers, or $VELO_KAFKA_BROKERS"},
    {"-f,--filter", "SQL",
     "only letters for which this is true, over the columns that show prints"},
    {"-n,--limit", "N", "at most so many letters"},
    {"-t,--to", "TOPIC", "replay to this topic, instead of that which each letter came from"},
    {"--dry-run", "", "replay: say what would be written; write nothing"},
    {"--again", "", "replay: also letters that were replayed before"},
    {"-o,--output", "table|json|csv",
     "form of show's rows; default: table on a terminal, else json"},
    {"-s,--set", "K=V", "as if SET 'K' = 'V': kafka.properties.security.protocol=SSL", true},
};
constexpr ExampleInfo kDlqExamples[] = {
    {"velo dlq show trades.dlq -b localhost:9092", "what could not be read, and why"},
    {"velo dlq show trades.dlq --filter \"reason = 'value' AND topic_offset >= 100\"",
     "some of it"},
    {"velo dlq replay trades.dlq --dry-run", "what would be written back, and where to"},
    {"velo dlq replay trades.dlq --filter \"error LIKE '%price%'\" --to trades.mended", ""},
    {"velo dlq show letters.json", "dead letters in a file"},
};

constexpr ExampleInfo kVersionExamples[] = {{"velo version", ""}};
constexpr ExampleInfo kCompletionExamples[] = {
    {"velo completion bash > /etc/bash_completion.d/velo", "for all users"},
    {"source <(velo completion zsh)", "for this shell"},
    {"velo completion fish > ~/.config/fish/completions/velo.fish", ""},
};
constexpr ExampleInfo kHelpExamples[] = {
    {"velo help run", "the same as velo run --help"},
    {"velo help connectors", "connectors, formats and settings with all their options"},
    {"velo help functions", "functions and aggregates, with examples"},
};

constexpr CommandInfo kCommands[] = {
    {"run", "FILE | -e SQL", "run SQL: events in, answers out",
     "Executes every statement. CREATE, SET, SHOW and DESCRIBE take effect at once; all INSERTs\n"
     "and SELECTs then run together until their bounded inputs end or Ctrl-C (the first finishes\n"
     "the batch, flushes and commits; the second stops). FILE may be - for standard input.\n"
     "${NAME} in an option's value is replaced from the environment.\n"
     "Exit status: 0 done, 1 the query failed, 2 usage or SQL error.",
     kRunExamples, kRunFlags, ".sql"},
    {"check", "FILE | -e SQL", "parse, bind and lint; run nothing",
     "Prints all errors with place and remedy, warnings, notes (a table that nothing uses, a\n"
     "comparison with NULL), and what bounds the state of every query.\n"
     "Exit status: 0 no errors, 2 errors.",
     kCheckExamples, kTextFlags, ".sql"},
    {"explain", "FILE | -e SQL", "show the plans",
     "A plan is a tree: rows come from the Scans at its leaves and go up. Where several queries\n"
     "stand in the text, each plan stands under its place and statement.",
     kExplainExamples, kTextFlags, ".sql"},
    {"fmt", "FILE… | -e SQL", "lay out SQL in one way",
     "Parses the text and prints it back in the primary spelling, comments kept.", kFmtExamples,
     kFmtFlags, ".sql"},
    {"test", "FILE|DIR…", "run golden files on a virtual clock",
     "A .slt file tells a story: statements, input, what must come out. Each is run in many ways\n"
     "(batch sizes, threads, with restarts); all must agree. The format: docs/golden-tests.md.",
     kTestExamples, kTestFlags, ".slt"},
    {"dlq", "show|replay TOPIC", "dead letters: look at them, write them back",
     "show prints the letters of a topic (or of a .json file), oldest first of each partition:\n"
     "partition, offset, time (of the letter), topic, topic_partition, topic_offset (of the\n"
     "message that could not be read), table_name, stage, reason, error, key, value.\n"
     "replay writes original key, value and headers to the topic where each letter came from.\n"
     "What was replayed is noted in Kafka (consumer group velo-dlq.TOPIC) and left alone by later\n"
     "runs, which say how many that are; --again replays it once more. A replay that is killed\n"
     "may repeat the letters under way, at most 500. Letters that are no messages (rows that\n"
     "failed in a query) are counted and stay.",
     kDlqExamples, kDlqFlags, ".json"},
    {"version", "", "print the version", "", kVersionExamples, {}, ""},
    {"completion",
     "bash|zsh|fish",
     "print a shell's completion script",
     "",
     kCompletionExamples,
     {},
     ""},
    {"help",
     "[COMMAND | connectors | functions]",
     "explain a command; the reference",
     "",
     kHelpExamples,
     {},
     ""},
    {"sql", "", "an interactive session", "", {}, {}, "", false},
    {"serve", "", "jobs as a service, over HTTP", "", {}, {}, "", false},
};

}  // namespace

std::span<const CommandInfo> commands() { return kCommands; }

const CommandInfo* find_command(std::string_view name) {
  for (const CommandInfo& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

}  // namespace velo
