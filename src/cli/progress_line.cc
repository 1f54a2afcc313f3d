#include "cli/progress_line.h"

#include <cmath>

#include "base/fmt.h"
#include "column/time_text.h"

namespace velo {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
/// A run that is over by then shows no progress at all.
constexpr int64_t kQuietNs = 400 * kNsPerMs;
constexpr int64_t kTerminalIntervalNs = 200 * kNsPerMs;
constexpr int64_t kLogIntervalNs = 5000 * kNsPerMs;
constexpr std::string_view kClearLine = "\r\x1b[K";

bool is_shown(const Console& console, ProgressWhen when) {
  return when == ProgressWhen::kAlways || (when == ProgressWhen::kAuto && console.err_is_terminal);
}

}  // namespace

std::string grouped(uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string rows(uint64_t number) {
  return fmt::format("{} row{}", grouped(number), number == 1 ? "" : "s");
}

std::string clipped(std::string line, size_t columns) {
  // A line as long as the terminal is wide would move the cursor to the next one.
  if (columns > 1 && line.size() >= columns) line.resize(columns - 1);
  return line;
}

std::string short_number(double number) {
  constexpr const char* kUnits[] = {"", " k", " M", " G"};
  size_t unit = 0;
  while (number >= 999.5 && unit < 3) {
    number /= 1000;
    ++unit;
  }
  const int decimals = unit == 0 || number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", number, decimals, kUnits[unit]);
}

std::string short_duration(double seconds) {
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string progress_text(const Progress& progress, double rate, double elapsed_s) {
  std::string out = fmt::format("{} in  {} rows/s", rows(progress.rows_in), short_number(rate));
  if (progress.rows_out > 0) out += fmt::format("  {} out", grouped(progress.rows_out));
  if (progress.watermark_us > INT64_MIN && progress.watermark_us < INT64_MAX / 2) {
    out += "  watermark ";
    append_timestamp(out, progress.watermark_us, true);
  }
  if (progress.bytes_total > 0 && progress.bytes_in <= progress.bytes_total) {
    const double part =
        static_cast<double>(progress.bytes_in) / static_cast<double>(progress.bytes_total);
    out += fmt::format("  {:.0f} %", part * 100);
    if (part > 0.01 && part < 1)
      out += fmt::format("  ETA {}", short_duration(elapsed_s * (1 - part) / part));
  }
  if (progress.lag >= 0)
    out += fmt::format("  lag {}", short_number(static_cast<double>(progress.lag)));
  const uint64_t lost =
      progress.rows_late + progress.rows_future + progress.rows_bad + progress.rows_unmatched;
  if (lost > 0) out += fmt::format("  {} late or bad", grouped(lost));
  return out;
}

ProgressLine::ProgressLine(const Console& console, ProgressWhen when, int64_t start_ns)
    : console_(console),
      shown_(is_shown(console, when)),
      overwrite_(console.err_is_terminal),
      start_ns_(start_ns),
      last_ns_(start_ns) {}

void ProgressLine::update(const Progress& progress, int64_t now_ns) {
  if (!shown_ || now_ns - start_ns_ < kQuietNs) return;
  if (now_ns - last_ns_ < (overwrite_ ? kTerminalIntervalNs : kLogIntervalNs)) return;
  const double seconds = static_cast<double>(now_ns - last_ns_) / 1e9;
  const double rate = static_cast<double>(progress.rows_in - last_rows_) / seconds;
  rate_ = last_rows_ == 0 ? rate : 0.5 * rate_ + 0.5 * rate;
  last_ns_ = now_ns;
  last_rows_ = progress.rows_in;
  const std::string text =
      progress_text(progress, rate_, static_cast<double>(now_ns - start_ns_) / 1e9);
  const std::lock_guard lock(mutex_);
  console_.say(overwrite_ ? fmt::format("{}{}", kClearLine, clipped(text, console_.err_columns()))
                          : text + "\n");
  visible_ = true;
}

void ProgressLine::hide() {
  if (!overwrite_) return;
  const std::lock_guard lock(mutex_);
  if (visible_) console_.say(kClearLine);
  visible_ = false;
}

void ProgressLine::close(const Progress& progress, int64_t now_ns) {
  hide();
  if (!shown_) return;
  const double seconds = static_cast<double>(now_ns - start_ns_) / 1e9;
  const double rate = seconds > 0 ? static_cast<double>(progress.rows_in) / seconds : 0;
  console_.say(fmt::format("{} in, {} out, {}, {} rows/s\n", rows(progress.rows_in),
                           rows(progress.rows_out), short_duration(seconds), short_number(rate)));
}

}  // namespace velo
