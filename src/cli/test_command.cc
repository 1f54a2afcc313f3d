#include "cli/test_command.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/clock.h"
#include "base/fmt.h"
#include "cli/golden_compare.h"
#include "cli/golden_complete.h"
#include "cli/junit_report.h"

namespace velo {
namespace {

/// A fresh directory under the system's temporary one, gone with its owner.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    const std::filesystem::path base = std::filesystem::temp_directory_path();
    std::string pattern = (base / "velo-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The .slt files below a directory, in the order of their names; or the file itself.
Status collect(FileSystem& files, const std::string& path, std::vector<std::string>& out) {
  const FileInfo info = TRY(files.info(path));
  if (info.kind != FileKind::kDirectory) {
    out.push_back(path);
    return {};
  }
  for (const DirectoryEntry& entry : TRY(files.list(path))) {
    const std::string below = path_join(path, entry.name);
    if (entry.kind == FileKind::kDirectory || entry.name.ends_with(".slt")) {
      TRY(collect(files, below, out));
    }
  }
  return {};
}

std::string failure_text(const GoldenFile& file, const GoldenWay& way,
                         const std::vector<GoldenFailure>& failures) {
  std::string text;
  for (const GoldenFailure& failure : failures) {
    text += fmt::format("{}:{}: {}", file.path, failure.line, failure.text);
    while (text.ends_with("\n")) text.pop_back();
    text.push_back('\n');
  }
  if (!way.is_primary()) text += fmt::format("  ({})\n", way.to_string());
  return text;
}

class GoldenSuite {
 public:
  GoldenSuite(const CommandLine& line, const Console& console) : line_(line), console_(console) {}

  int run() {
    std::vector<std::string> paths;
    for (const std::string& argument : line_.arguments) {
      const Status collected = collect(files_, argument, paths);
      if (!collected) return fail(collected.error());
    }
    for (const std::string& path : paths) {
      const Status ran = run_file(path);
      if (!ran) return fail(ran.error());
    }
    if (line_.has("--junit")) {
      const std::string report = junit_report(verdicts_);
      const Status written =
          write_file_atomically(files_, line_.value("--junit"), as_bytes(report));
      if (!written) return fail(written.error());
    }
    return say_summary();
  }

 private:
  int fail(const Error& error) const {
    console_.say(error);
    return 2;
  }

  Status run_file(const std::string& path) {
    const std::string text = TRY(read_whole_file(files_, path));
    const GoldenFile file = TRY(parse_golden_file(path, text));
    GoldenVerdict verdict;
    verdict.path = path;
    verdict.skip_reason = file.skip_reason;
    const int64_t start_ns = clock_.steady_ns();
    if (verdict.skip_reason.empty()) TRY(run_ways(file, verdict));
    verdict.seconds = static_cast<double>(clock_.steady_ns() - start_ns) / 1e9;
    say(verdict);
    verdicts_.push_back(std::move(verdict));
    return {};
  }

  /// Stops at the first way that disagrees: the others would say the same again.
  Status run_ways(const GoldenFile& file, GoldenVerdict& verdict) {
    for (const GoldenWay& way : ways_of(file)) {
      const ScratchDirectory scratch;
      if (scratch.path().empty()) return system_error(errno, "no temporary directory");
      const GoldenOutcome outcome = run_golden(file, way, files_, scratch.path());
      ++verdict.ways;
      ++ways_;
      std::vector<GoldenFailure> failures = compare_golden(file, outcome, way);
      if (failures.empty()) continue;
      if (line_.has("--complete") && verdict.ways == 1) {
        const std::string text = complete_golden(file, outcome);
        TRY(write_file_atomically(files_, file.path, as_bytes(text)));
        ++completed_;
      }
      verdict.failure = failure_text(file, way, failures);
      return {};
    }
    return {};
  }

  void say(const GoldenVerdict& verdict) const {
    if (!verdict.failure.empty()) {
      console_.say(fmt::format("FAILED {}\n{}\n", verdict.path, verdict.failure));
    } else if (!verdict.skip_reason.empty()) {
      console_.say(fmt::format("skipped {}: {}\n", verdict.path, verdict.skip_reason));
    } else if (line_.has("--verbose")) {
      console_.say(fmt::format("ok {} ({} ways, {:.0f} ms)\n", verdict.path, verdict.ways,
                               verdict.seconds * 1e3));
    }
  }

  int say_summary() const {
    size_t failed = 0;
    size_t skipped = 0;
    for (const GoldenVerdict& verdict : verdicts_) {
      if (!verdict.failure.empty()) ++failed;
      if (!verdict.skip_reason.empty()) ++skipped;
    }
    std::string text = fmt::format("{} passed, {} failed", verdicts_.size() - failed - skipped,
                                   failed);
    if (skipped > 0) text += fmt::format(", {} skipped", skipped);
    text += fmt::format(" ({} runs)\n", ways_);
    if (completed_ > 0) {
      text += fmt::format("{} completed; read the difference, then run again\n", completed_);
    }
    const Status printed = console_.print(text);
    return failed == 0 && printed ? 0 : 1;
  }

  const CommandLine& line_;
  const Console& console_;
  LocalFileSystem files_;
  const SystemClock clock_;
  std::vector<GoldenVerdict> verdicts_;
  size_t ways_ = 0;
  size_t completed_ = 0;
};

}  // namespace

int test_command(const CommandLine& line, const Console& console) {
  if (line.arguments.empty()) {
    console.say(Error(ErrorCode::kUsage, "'velo test' takes files or directories")
                    .with_hint("velo test tests/sql"));
    return 2;
  }
  return GoldenSuite(line, console).run();
}

}  // namespace velo
