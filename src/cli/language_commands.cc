#include "cli/language_commands.h"

#include <array>

#include "base/fmt.h"
#include "engine/engine.h"
#include "sql/parser.h"
#include "sql/printer.h"

namespace velo {
namespace {

Result<std::string> read_to_end(File& file) {
  std::string text;
  std::array<std::byte, 16384> piece;
  while (true) {
    const size_t bytes = TRY(file.read(piece.data(), piece.size()));
    if (bytes == 0) return text;
    text += as_text(Bytes(piece.data(), bytes));
  }
}

Result<SqlText> read_sql_file(const std::string& path, const Console& console,
                              std::string_view command) {
  if (path == "-") {
    std::string text = TRY(read_to_end(*console.in));
    return SqlText{"standard input", std::move(text)};
  }
  LocalFileSystem files;
  Result<std::string> text = read_whole_file(files, path);
  if (text) return SqlText{path, *std::move(text)};
  // Naming a script that is not there is a mistake in the command, not a query that failed.
  Error error(ErrorCode::kUsage, text.error().message);
  if (path.find_first_of(" \n;") != std::string::npos) {
    const char mark = path.find('\'') == std::string::npos ? '\'' : '"';
    error.hint =
        fmt::format("if this is SQL and no file: velo {} -e {}{}{}", command, mark, path, mark);
  }
  return error;
}

int fail(const Console& console, const Error& error) {
  console.say(error);
  return exit_status(error.code);
}

/// The error with the place in the named text.
Error placed_in(Error error, const std::string& name) {
  if (error.place.source.empty()) error.place.source = name;
  return error;
}

Result<Engine> engine_for(const CommandLine& line) {
  Engine engine;
  const OptionMap settings = TRY(line.pairs("--set"));
  TRY(apply_settings(engine, settings));
  return engine;
}

Result<std::string> laid_out(const SqlText& sql) {
  Result<ast::Script> script = parse_script(sql.text);
  if (!script) return placed_in(std::move(script).error(), sql.name);
  return print_sql(*script);
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

}  // namespace

Status apply_settings(Engine& engine, const OptionMap& settings) {
  for (const auto& [name, value] : settings) {
    const auto set = engine.query(fmt::format("SET {} = {}", quoted(name), quoted(value)));
    if (set) continue;
    // The place in a statement that nobody wrote helps nobody.
    return Error(set.error().code, fmt::format("--set {}={}: {}", name, value, set.error().message))
        .with_hint(set.error().hint);
  }
  return {};
}

Result<SqlText> read_sql(const CommandLine& line, const Console& console) {
  const std::string name(line.command->name);
  const bool inlined = line.has("--execute");
  if (inlined && line.arguments.empty()) return SqlText{"", line.value("--execute")};
  if (!inlined && line.arguments.size() == 1) {
    return read_sql_file(line.arguments[0], console, name);
  }
  std::string message = fmt::format("'velo {}' takes one file or -e SQL", name);
  if (inlined) message = fmt::format("'velo {}' takes a file or -e SQL, not both", name);
  return Error(ErrorCode::kUsage, std::move(message))
      .with_hint(fmt::format("see 'velo {} --help'", name));
}

int check_command(const CommandLine& line, const Console& console) {
  const Result<SqlText> sql = read_sql(line, console);
  if (!sql) return fail(console, sql.error());
  Result<Engine> engine = engine_for(line);
  if (!engine) return fail(console, engine.error());
  const Engine::CheckReport report = engine->check(sql->text, sql->name);
  size_t errors = 0;
  for (const Engine::Finding& finding : report.findings) {
    std::string text = finding.error.to_string();
    if (finding.is_warning) {
      text = "warning" + text.substr(text.find(':'));
    } else {
      ++errors;
    }
    console.say(text + "\n");
  }
  std::string out;
  for (const std::string& bound : report.state_bounds) {
    out += bound;
    if (!bound.ends_with("\n")) out += "\n";
  }
  if (errors > 0) {
    out += fmt::format("{} error{}\n", errors, errors == 1 ? "" : "s");
  } else {
    out += "ok\n";
  }
  const Status printed = console.print(out);
  if (!printed) return fail(console, printed.error());
  return errors > 0 ? 2 : 0;
}

int explain_command(const CommandLine& line, const Console& console) {
  const Result<SqlText> sql = read_sql(line, console);
  if (!sql) return fail(console, sql.error());
  Result<Engine> engine = engine_for(line);
  if (!engine) return fail(console, engine.error());
  const Result<std::string> text = engine->explain(sql->text, sql->name);
  if (!text) return fail(console, text.error());
  const Status printed = console.print(*text);
  return printed ? 0 : fail(console, printed.error());
}

namespace {

/// 0, or 1 if `--check` finds the file laid out differently, or an error's status.
int fmt_file(const CommandLine& line, const Console& console, const std::string& path) {
  const Result<SqlText> sql = read_sql_file(path, console, "fmt");
  if (!sql) return fail(console, sql.error());
  const Result<std::string> text = laid_out(*sql);
  if (!text) return fail(console, text.error());
  if (line.has("--check")) {
    if (*text == sql->text) return 0;
    console.say(fmt::format("{}: not laid out; velo fmt -w {}\n", path, path));
    return 1;
  }
  Status written;
  if (!line.has("--write") || path == "-") {
    written = console.print(*text);
  } else if (*text != sql->text) {
    LocalFileSystem files;
    written = write_file_atomically(files, path, as_bytes(*text));
  }
  return written ? 0 : fail(console, written.error());
}

}  // namespace

int fmt_command(const CommandLine& line, const Console& console) {
  if (line.has("--execute") || line.arguments.empty()) {
    const Result<SqlText> sql = read_sql(line, console);
    if (!sql) return fail(console, sql.error());
    const Result<std::string> text = laid_out(*sql);
    if (!text) return fail(console, text.error());
    const Status printed = console.print(*text);
    return printed ? 0 : fail(console, printed.error());
  }
  int status = 0;
  for (const std::string& path : line.arguments) {
    status = std::max(status, fmt_file(line, console, path));
  }
  return status;
}

}  // namespace velo
