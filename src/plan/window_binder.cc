#include "plan/window_binder.h"

#include <algorithm>

#include <array>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "column/time_text.h"
#include "plan/literals.h"
#include "plan/plan_build.h"

namespace velo {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {
    "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"};

std::string_view kind_text(PlanWindowKind kind) {
  switch (kind) {
    case PlanWindowKind::kTumble:
      return "TUMBLE";
    case PlanWindowKind::kHop:
      return "HOP";
    case PlanWindowKind::kCumulate:
      return "CUMULATE";
    case PlanWindowKind::kSession:
      return "SESSION";
  }
  return "";
}

PlanWindowKind kind_of(ast::WindowKind kind) {
  switch (kind) {
    case ast::WindowKind::kTumble:
      return PlanWindowKind::kTumble;
    case ast::WindowKind::kHop:
      return PlanWindowKind::kHop;
    case ast::WindowKind::kCumulate:
      return PlanWindowKind::kCumulate;
    case ast::WindowKind::kSession:
      return PlanWindowKind::kSession;
  }
  return PlanWindowKind::kTumble;
}

/// A length and what it counts.
struct Length {
  WindowUnit unit = WindowUnit::kMicroseconds;
  int64_t count = 0;
};

/// Binds one window; the spec and the scope are those of bind_window.
class WindowBinder {
 public:
  WindowBinder(BindSession& session, const ast::WindowSpec& spec, const Scope& scope)
      : session_(session), spec_(spec), scope_(scope) {
    window_.kind = kind_of(spec.kind);
  }
  Result<PlanWindow> bind();

 private:
  Status bind_time();
  Status bind_implied_time();
  Error not_event_time(const ScopeColumn& column, SourceSpan span) const;
  Status bind_zone();
  Status bind_week_start();
  Result<Length> bind_length(const ast::Expr& expr, std::string_view what);
  Status bind_lengths();
  Status check_lengths();
  Status check_calendar();
  Error invalid(std::string message, SourceSpan span) const {
    return session_.error(ErrorCode::kInvalidStatement, std::move(message), span);
  }
  bool has_calendar() const { return spec_.time_zone || spec_.week_start; }

  BindSession& session_;
  const ast::WindowSpec& spec_;
  const Scope& scope_;
  PlanWindow window_;
};

Error WindowBinder::not_event_time(const ScopeColumn& column, SourceSpan span) const {
  const bool joined =
      std::any_of(scope_.columns.begin(), scope_.columns.end(),
                  [&](const ScopeColumn& other) { return other.relation != column.relation; });
  if (column.type.is_timestamp() && joined) {
    return invalid(fmt::format("a window needs an event time, and '{}' is none behind this join",
                               column.name),
                   span)
        .with_hint(
            "bound the time between the rows that it joins: ON … AND b.ts BETWEEN a.ts AND "
            "a.ts + INTERVAL '5' MINUTE");
  }
  if (column.type.is_timestamp()) {
    return invalid(fmt::format("a window needs an event time, and '{}' has no watermark here",
                               column.name),
                   span)
        .with_hint(
            fmt::format("declare it with the table: WATERMARK FOR {0} AS {0} - INTERVAL '5' SECOND",
                        column.name));
  }
  Error error = invalid(fmt::format("a window needs an event time, and '{}' is {}", column.name,
                                    column.type.to_string()),
                        span);
  if (column.type.is_integer()) {
    error.hint = fmt::format(
        "declare with the table: event_time AS TO_TIMESTAMP_LTZ({}, 3), "
        "WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND",
        column.name);
  } else if (const int known = scope_.event_time(); known >= 0) {
    error.hint =
        fmt::format("the event time here is '{}'", scope_.columns[static_cast<size_t>(known)].name);
  }
  return error;
}

Status WindowBinder::bind_implied_time() {
  const int found = scope_.event_time();
  if (found >= 0) {
    window_.time_column = static_cast<size_t>(found);
    return {};
  }
  if (found == -2) {
    return invalid("several event times: the window must name one", spec_.span);
  }
  return invalid("a window needs an event time, and no table here declares one", spec_.span)
      .with_hint("declare it with the table: WATERMARK FOR ts AS ts - INTERVAL '5' SECOND");
}

Status WindowBinder::bind_time() {
  if (!spec_.time) return bind_implied_time();
  const ast::Expr& time = *spec_.time;
  const auto* ref = time.as<ast::ColumnRef>();
  if (ref == nullptr) {
    return invalid("a window needs the name of a time column", time.span)
        .with_hint("compute it in the table (c AS expr) and declare a WATERMARK for it");
  }
  const ExprPtr column = TRY(scope_.resolve(session_, *ref, time.span));
  if (column->kind() != ExprKind::kColumn) {
    return invalid("a window needs a column, not a field of one", time.span);
  }
  const ScopeColumn& found = scope_.columns[column->index()];
  if (!found.traits.event_time) {
    // 'event.time.field' makes another column, of a time type, the event time that this one holds.
    const int known = scope_.event_time();
    if (known >= 0 && scope_.columns[static_cast<size_t>(known)].is_system) {
      window_.time_column = static_cast<size_t>(known);
      return {};
    }
    return not_event_time(found, time.span);
  }
  window_.time_column = column->index();
  return {};
}

Status WindowBinder::bind_zone() {
  if (!spec_.time_zone) return {};
  const auto* name = spec_.time_zone->as<ast::Literal>();
  if (name == nullptr || name->kind != ast::LiteralKind::kString) {
    return invalid("TIME_ZONE needs the name of a zone", spec_.time_zone->span)
        .with_hint("TIME_ZONE => 'Europe/Berlin'");
  }
  window_.zone = TRY(session_.at(spec_.time_zone->span, TimeZone::find(name->text)));
  return {};
}

Status WindowBinder::bind_week_start() {
  if (!spec_.week_start) return {};
  std::string name;
  if (const auto* literal = spec_.week_start->as<ast::Literal>()) name = literal->text;
  if (const auto* word = spec_.week_start->as<ast::ColumnRef>()) name = word->parts[0].text;
  for (size_t i = 0; i < kWeekdays.size(); ++i) {
    if (equals_ignoring_case(kWeekdays[i], name)) {
      window_.week_start = static_cast<int>(i) + 1;
      return {};
    }
  }
  return invalid("WEEK_START needs the name of a day", spec_.week_start->span)
      .with_hint(did_you_mean(name, kWeekdays));
}

Result<Length> WindowBinder::bind_length(const ast::Expr& expr, std::string_view what) {
  const auto* interval = expr.as<ast::Interval>();
  if (interval == nullptr) {
    return invalid(fmt::format("{} needs a length of time", what), expr.span)
        .with_hint("write INTERVAL '1' MINUTE or 1m");
  }
  const ExprPtr bound = TRY(bind_interval(session_, *interval, expr.span));
  const int64_t value = bound->literal()->int64_at(0);
  if (value <= 0) return invalid(fmt::format("{} must be more than zero", what), expr.span);
  if (bound->type().kind() == TypeKind::kIntervalMonth) return Length{WindowUnit::kMonths, value};
  if (has_calendar() && interval->from && !interval->to && interval->microseconds == 0) {
    if (*interval->from == ast::TimeUnit::kDay) {
      return Length{WindowUnit::kDays, value / kUsPerDay};
    }
    if (*interval->from == ast::TimeUnit::kWeek) {
      return Length{WindowUnit::kWeeks, value / (7 * kUsPerDay)};
    }
  }
  return Length{WindowUnit::kMicroseconds, value};
}

Status WindowBinder::bind_lengths() {
  if (spec_.kind == ast::WindowKind::kSession) {
    const Length gap = TRY(bind_length(*spec_.gap, "the gap of a session"));
    if (gap.unit != WindowUnit::kMicroseconds) {
      return invalid("the gap of a session must be a fixed length of time", spec_.gap->span);
    }
    window_.gap_us = gap.count;
    return {};
  }
  const Length size = TRY(bind_length(*spec_.size, "the size of a window"));
  window_.unit = size.unit;
  window_.size = size.count;
  if (spec_.kind == ast::WindowKind::kTumble) {
    window_.slide = 0;
    return {};
  }
  const bool cumulate = spec_.kind == ast::WindowKind::kCumulate;
  const Length slide =
      TRY(bind_length(*spec_.slide, cumulate ? "the step of CUMULATE" : "the slide of a window"));
  if (slide.unit != size.unit) {
    return session_.not_supported("a window whose size and slide count different units",
                                  spec_.slide->span);
  }
  window_.slide = slide.count;
  return {};
}

Status WindowBinder::check_lengths() {
  if (window_.kind == PlanWindowKind::kCumulate && window_.size % window_.slide != 0) {
    return invalid("the size of CUMULATE must be a multiple of its step", spec_.size->span)
        .with_hint("the step comes first: CUMULATE(TABLE t, DESCRIPTOR(ts), step, size)");
  }
  if (window_.kind == PlanWindowKind::kHop && window_.slide > window_.size) {
    session_.warn("the slide is longer than the size: rows between two windows are in none",
                  spec_.slide->span, "HOP takes the slide first, then the size");
  }
  return {};
}

Status WindowBinder::check_calendar() {
  if (spec_.week_start && window_.unit != WindowUnit::kWeeks) {
    return invalid("WEEK_START has a meaning for windows of weeks only", spec_.week_start->span)
        .with_hint("write the size as INTERVAL '1' WEEK");
  }
  if (spec_.time_zone && window_.unit == WindowUnit::kMicroseconds) {
    return invalid("TIME_ZONE has a meaning for windows of days, weeks, months and longer only",
                   spec_.time_zone->span)
        .with_hint("shorter windows are aligned to the epoch; OFFSET moves them");
  }
  const ScopeColumn& time = scope_.columns[window_.time_column];
  if (spec_.time_zone && !window_.zone->is_utc() && time.type.kind() == TypeKind::kTimestamp) {
    return invalid(fmt::format("TIME_ZONE needs instants, and '{}' is {}: wall-clock time",
                               time.name, time.type.to_string()),
                   spec_.time_zone->span)
        .with_hint("declare it as TIMESTAMP_LTZ, or leave TIME_ZONE out");
  }
  return {};
}

Result<PlanWindow> WindowBinder::bind() {
  TRY(bind_time());
  TRY(bind_zone());
  TRY(bind_week_start());
  TRY(bind_lengths());
  TRY(check_lengths());
  TRY(check_calendar());
  if (spec_.offset) {
    window_.offset_us = TRY(bind_duration(session_, *spec_.offset, "OFFSET"));
    if (window_.kind == PlanWindowKind::kSession) {
      return invalid("a session has no OFFSET: it begins with its first row", spec_.offset->span);
    }
  }
  if (spec_.retention) {
    session_.warn("RETENTION has no effect: a window is dropped once it is closed",
                  spec_.retention->span, "leave it out");
  }
  return window_;
}

std::string length_text(WindowUnit unit, int64_t count) {
  switch (unit) {
    case WindowUnit::kMicroseconds:
      return duration_text(count);
    case WindowUnit::kDays:
      return fmt::format("INTERVAL '{}' DAY", count);
    case WindowUnit::kWeeks:
      return fmt::format("INTERVAL '{}' WEEK", count);
    case WindowUnit::kMonths:
      if (count % 12 == 0) return fmt::format("INTERVAL '{}' YEAR", count / 12);
      return fmt::format("INTERVAL '{}' MONTH", count);
  }
  return "";
}

}  // namespace

Status bind_processing_time(BindSession& session, const ast::WindowSpec& spec,
                            BoundRelation* relation) {
  const auto* ref = spec.time ? spec.time->as<ast::ColumnRef>() : nullptr;
  if (ref == nullptr) return {};
  const Result<ExprPtr> named = relation->scope.resolve(session, *ref, spec.time->span);
  if (!named || (*named)->kind() != ExprKind::kColumn) return {};
  const size_t column = (*named)->index();
  const PlanPtr& plan = relation->plan;
  if (column >= plan->traits.size() || !plan->traits[column].processing_time) return {};
  if (plan->changelog.changing) {
    return session.not_supported("a window over PROCTIME() of rows that change", spec.time->span);
  }
  relation->plan = stamp_column(plan, column, session.node_span(spec.time->span));
  for (size_t i = 0; i < relation->plan->traits.size(); ++i) {
    relation->scope.columns[i].traits = relation->plan->traits[i];
    relation->scope.columns[i].type = (*relation->plan->schema)[i].type;
  }
  return {};
}

Result<PlanWindow> bind_window(BindSession& session, const ast::WindowSpec& spec,
                               const Scope& scope) {
  return WindowBinder(session, spec, scope).bind();
}

std::string window_text(const PlanWindow& window, std::string_view time) {
  if (window.instants) return fmt::format("of the input by {}", time);
  std::string out = fmt::format("{}({}", kind_text(window.kind), time);
  if (window.kind == PlanWindowKind::kSession) {
    return out + ", " + duration_text(window.gap_us) + ")";
  }
  if (window.kind != PlanWindowKind::kTumble) {
    out += ", " + length_text(window.unit, window.slide);
  }
  out += ", " + length_text(window.unit, window.size);
  if (window.offset_us != 0) out += ", OFFSET => " + duration_text(window.offset_us);
  if (window.unit != WindowUnit::kMicroseconds) {
    out += fmt::format(", TIME_ZONE => '{}'", window.zone->name());
    if (window.unit == WindowUnit::kWeeks) {
      out += fmt::format(", WEEK_START => '{}'",
                         kWeekdays[static_cast<size_t>(window.week_start - 1)]);
    }
  }
  return out + ")";
}

}  // namespace velo
