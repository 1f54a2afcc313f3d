#include "cli/run_command.h"

#include <cstdlib>
#include <utility>

#include "base/fmt.h"
#include "cli/language_commands.h"
#include "cli/progress_line.h"
#include "cli/result_printer.h"
#include "cli/stop_signals.h"
#include "cli/unfinished_files.h"
#include "engine/engine.h"

namespace velo {
namespace {

/// How long a Ctrl-C or a row of a slow stream may wait to be noticed.
constexpr int64_t kTickUs = 20'000;

std::string warning_text(const Error& notice) {
  const std::string text = notice.to_string();
  return "warning" + text.substr(text.find(':')) + "\n";
}

int fail(const Console& console, const Error& error) {
  console.say(error);
  return exit_status(error.code);
}

OutputForm output_form(const CommandLine& line, const Console& console) {
  const std::string form = line.value("--output");
  if (form.empty()) return console.out_is_terminal ? OutputForm::kTable : OutputForm::kJson;
  if (form == "table") return OutputForm::kTable;
  return form == "csv" ? OutputForm::kCsv : OutputForm::kJson;
}

ProgressWhen progress_when(const CommandLine& line) {
  const std::string when = line.value("--progress", "auto");
  if (when == "always") return ProgressWhen::kAlways;
  return when == "never" ? ProgressWhen::kNever : ProgressWhen::kAuto;
}

/// EXPLAIN and SHOW CREATE without --output are text for people, line by line; all other answers
/// are rows.
Status print_answers(const CommandLine& line, const Console& console, const Query& query,
                     ResultPrinter& printer) {
  for (const Answer& answer : query.answers()) {
    const std::string& name = (*answer.rows.schema)[0].name;
    const bool is_text = answer.rows.columns.size() == 1 && (name == "plan" || name == "create");
    if (is_text && !line.has("--output")) {
      std::string text;
      for (size_t row = 0; row < answer.rows.rows; ++row) {
        text += answer.rows.columns[0]->string_at(row);
        text.push_back('\n');
      }
      TRY(console.print(text));
    } else {
      TRY(printer.print_answer(answer.rows));
    }
  }
  return {};
}

void say_messages(const Console& console, Query& query, ProgressLine& progress) {
  for (const std::string& message : query.take_messages()) {
    progress.hide();
    console.say(fmt::format("warning: {}\n", message));
  }
}

/// Runs until the end, a failure or a stop that was asked for.
Status drive(const Console& console, Query& query, ResultPrinter& printer, ProgressLine& progress) {
  const SystemClock clock;
  TRY(query.start());
  bool nobody_reads = false;
  while (true) {
    std::optional<Status> ended = query.wait(kTickUs);
    say_messages(console, query, progress);
    if (ended) return *std::move(ended);
    printer.flush();
    progress.update(query.progress(), clock.steady_ns());
    if (printer.closed() && !nobody_reads) {
      nobody_reads = true;
      query.stop();
    }
  }
}

ResultPrinter::Options printer_options(const CommandLine& line, const Console& console,
                                       ProgressLine& progress) {
  ResultPrinter::Options options;
  options.form = output_form(line, console);
  options.count_rows = options.form == OutputForm::kTable && console.out_is_terminal;
  if (console.out_is_terminal) options.before_write = [&progress] { progress.hide(); };
  return options;
}

/// What Ctrl-C does: nothing here may wait for another thread, which may wait for a reader.
std::function<void(int)> stopper(const Console& console, Query& query) {
  return [&console, &query](int count) {
    const char* line = console.err_is_terminal ? "\r\x1b[K" : "";
    if (count == 1) {
      console.say(
          fmt::format("{}stopping: finishing what is under way; once more to give up\n", line));
    } else if (count == 2) {
      console.say(fmt::format("{}given up: what was not published is dropped\n", line));
    }
    query.stop();
  };
}

int run_query(const CommandLine& line, const Console& console, Query& query,
              UnfinishedFiles& files) {
  const StopSignals signals(stopper(console, query), [&files] { files.remove_all(); });
  const SystemClock clock;
  ProgressLine progress(console, progress_when(line), clock.steady_ns());
  ResultPrinter printer(*console.out, printer_options(line, console, progress));
  for (const Error& notice : query.notices()) console.say(warning_text(notice));
  Status status = print_answers(line, console, query, printer);
  if (!status) return fail(console, status.error());
  for (size_t i = 0; i < query.results().size(); ++i) {
    status = printer.add_result(query.results()[i]);
    if (!status) return fail(console, status.error());
    query.on_result(i, [&printer, i](const Batch& batch) { printer.print(i, batch); });
  }
  if (query.has_jobs()) status = drive(console, query, printer, progress);
  const Status printed = printer.finish();
  if (status && !printed) status = printed;
  progress.close(query.progress(), clock.steady_ns());
  console.say(closing_counts(query.progress()));
  if (line.has("--stats")) console.say(query.stats_json() + "\n");
  if (status) return 0;
  console.say(status.error());
  return 1;
}

}  // namespace

std::string closing_counts(const Progress& progress) {
  const uint64_t lost =
      progress.rows_late + progress.rows_future + progress.rows_bad + progress.rows_unmatched;
  if (lost == 0) return {};
  std::string out = fmt::format("warning: {} did not make it into the answers ({} in):\n",
                                rows(lost), rows(progress.rows_in));
  if (progress.rows_bad > 0) {
    out += fmt::format("  {} bad: could not be read, or an expression failed\n",
                       grouped(progress.rows_bad));
  }
  if (progress.rows_late > 0) {
    out += fmt::format(
        "  {} late: their windows were closed; keep them with a longer watermark "
        "delay, ALLOWED LATENESS or LATE DATA TO\n",
        grouped(progress.rows_late));
  }
  if (progress.rows_future > 0) {
    out += fmt::format(
        "  {} from the future: further ahead of the clock than "
        "'scan.watermark.max-future'\n",
        grouped(progress.rows_future));
  }
  if (progress.rows_unmatched > 0) {
    out += fmt::format("  {} unmatched: changes of rows that are not there\n",
                       grouped(progress.rows_unmatched));
  }
  return out;
}

Result<EngineOptions> engine_options(const CommandLine& line) {
  EngineOptions options;
  if (const char* allowed = std::getenv("VELO_KAFKA_PROPERTIES"))
    options.kafka_properties = allowed;
  options.settings = TRY(line.pairs("--set"));
  options.parallelism = static_cast<uint32_t>(line.number("--parallelism", options.parallelism));
  options.batch_rows = line.number("--batch-rows", options.batch_rows);
  return options;
}

int run_command(const CommandLine& line, const Console& console) {
  const Result<SqlText> sql = read_sql(line, console);
  return sql ? run_text(line, console, *sql) : fail(console, sql.error());
}

int run_text(const CommandLine& line, const Console& console, const SqlText& sql) {
  Result<EngineOptions> options = engine_options(line);
  if (!options) return fail(console, options.error());
  UnfinishedFiles files;
  options->files = &files;
  const OptionMap settings = std::exchange(options->settings, {});
  Engine engine(*std::move(options));
  const Status set = apply_settings(engine, settings);
  if (!set) return fail(console, set.error());
  Result<std::unique_ptr<Query>> query = engine.query(sql.text, sql.name);
  if (!query) return fail(console, query.error());
  return run_query(line, console, **query, files);
}

}  // namespace velo
