#include "runtime/replay_rule.h"

#include <algorithm>
#include <charconv>

#include "base/fmt.h"
#include "operator/operator.h"

namespace velo {
namespace {

constexpr std::string_view kNoteKind = "velo1";
constexpr std::string_view kBeginningKind = "velo1-begin";

int64_t floor_to(int64_t value, int64_t unit) {
  const int64_t rest = value % unit;
  return value - (rest < 0 ? rest + unit : rest);
}

bool is_time(int64_t watermark) {
  return watermark != kWatermarkNone && watermark != kWatermarkEnd;
}

}  // namespace

int64_t ReplayRule::Window::first_open(int64_t watermark) const {
  // Windows that end at or before `fired` have fired.
  const int64_t fired = watermark + step_us;
  if (cumulates) return floor_to(fired - offset_us, size_us) + offset_us;
  return floor_to(fired - offset_us - size_us, slide_us) + slide_us + offset_us;
}

int64_t ReplayRule::needed_from(int64_t done) const {
  if (!is_time(done)) return done;
  int64_t from = joins ? done : INT64_MAX;
  for (const Window& window : windows) from = std::min(from, window.first_open(done));
  return from;
}

int64_t ReplayRule::floor(int64_t done) const {
  if (!is_time(done)) return done;
  const bool all_tumble = std::all_of(windows.begin(), windows.end(), [&](const Window& window) {
    return !window.cumulates && window.size_us == window.slide_us && window == windows.front();
  });
  // Rows of open windows need not look late.
  if (all_tumble && !windows.empty()) {
    return std::min(done, windows.front().first_open(done) - windows.front().step_us);
  }
  return done;
}

std::string ReplayNote::to_string() const {
  if (is_beginning) return fmt::format("{} {}", kBeginningKind, read_to);
  const std::string_view space = more.empty() ? "" : " ";
  return fmt::format("{} {} {} {}{}{}", kNoteKind, floor, needed_from, read_to, space, more);
}

std::optional<ReplayNote> ReplayNote::parse(std::string_view text) {
  ReplayNote note;
  const auto take = [&](auto& number) {
    if (!text.starts_with(' ')) return false;
    text.remove_prefix(1);
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc()) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return true;
  };
  note.is_beginning = text.starts_with(kBeginningKind);
  if (note.is_beginning) {
    text.remove_prefix(kBeginningKind.size());
    note.floor = note.needed_from = kWatermarkNone;
    return take(note.read_to) && text.empty() ? std::optional(note) : std::nullopt;
  }
  if (!text.starts_with(kNoteKind)) return std::nullopt;
  text.remove_prefix(kNoteKind.size());
  if (!take(note.floor) || !take(note.needed_from) || !take(note.read_to)) return std::nullopt;
  if (!text.empty() && !text.starts_with(' ')) return std::nullopt;
  if (!text.empty()) note.more = text.substr(1);
  return note;
}

}  // namespace velo
