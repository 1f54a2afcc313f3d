#include "plan/state_text.h"

#include <algorithm>

#include "base/fmt.h"
#include "column/row_width.h"
#include "expr/over_functions.h"
#include "plan/literals.h"

namespace velo {
namespace {

std::string bound_text(const PlanStateBound& bound) {
  switch (bound.kind) {
    case StateBoundKind::kWatermark:
      return "until the watermark passes";
    case StateBoundKind::kSingleGroup:
      return "one group";
    case StateBoundKind::kBoundedInput:
      return "until the input ends";
    case StateBoundKind::kTtl:
      return "each key for " + duration_text(bound.ttl_us);
    case StateBoundKind::kAllowed:
      return "grows for ever (allowed)";
    case StateBoundKind::kWarned:
      return "grows for ever";
  }
  return "";
}

/// What OVER by event time remembers of a key.
std::string kept_text(const OverNode& node) {
  int64_t rows = 0;
  int64_t groups = 0;
  int128_t time = 0;
  bool states = false;
  for (const PlanOverCall& call : node.calls) {
    const OverBound& start = call.call.frame.start;
    const OverBound& end = call.call.frame.end;
    const bool framed = call.call.has_frame();
    states |= !framed || start.unit == OverBound::Unit::kUnbounded;
    if (!framed) continue;
    for (const OverBound& bound : {start, end}) {
      const int64_t distance = std::abs(bound.distance);
      if (bound.unit == OverBound::Unit::kRows) rows = std::max(rows, distance);
      if (bound.unit == OverBound::Unit::kGroups) groups = std::max(groups, distance);
      time = std::max(time, bound.range < 0 ? -bound.range : bound.range);
    }
  }
  std::string out;
  const auto add = [&out](const std::string& text) { out += (out.empty() ? "" : " and ") + text; };
  if (states) add("one state per call");
  if (rows > 0) add(fmt::format("the last {} rows", rows));
  if (groups > 0) add(fmt::format("the rows of the last {} times", groups));
  if (time > 0) add("the rows of " + duration_text(static_cast<int64_t>(time)));
  if (out.empty()) out = "nothing";
  return node.partition.empty() ? out : out + " of each key";
}

/// Bytes of a row with these columns, and with what is computed beside them.
std::string row_text(const Schema& schema, const std::vector<ExprPtr>& computed,
                     std::string_view row) {
  std::vector<Field> fields = schema.fields();
  for (const ExprPtr& expr : computed) {
    if (expr->kind() != ExprKind::kColumn) fields.push_back({"", expr->type()});
  }
  const bool more = std::any_of(fields.begin(), fields.end(), [](const Field& field) {
    return field.type.is_nested() || field.type.physical() == Physical::kString;
  });
  const size_t bytes = row_width(*make_schema(std::move(fields)));
  return fmt::format("{}{} bytes per {}", bytes, more ? "+" : "", row);
}

/// Of a row that is kept until its partition is over.
std::string whole_row_text(const OverNode& node) {
  std::vector<ExprPtr> computed = node.partition;
  for (const PlanOrder& order : node.order) computed.push_back(order.key);
  for (const PlanOverCall& call : node.calls) {
    for (const ExprPtr& read : expressions_read(call.call)) computed.push_back(read);
  }
  return row_text(*node.input()->schema, computed, "row");
}

/// Of the rows that OVER remembers: by event time what frames read of them, or all of it if rows
/// wait for what their frames reach, or for the end of their partition; of rows that may be given
/// anew all of it, and their answers.
std::string over_rows_text(const OverNode& node) {
  if (node.form == PlanOverForm::kChanges) return row_text(*node.schema, {}, "row");
  if (node.form != PlanOverForm::kTime) return whole_row_text(node);
  std::vector<Field> fields;
  std::vector<ExprPtr> known;
  const auto add = [&](const ExprPtr& read) {
    const auto same = [&read](const ExprPtr& other) { return *other == *read; };
    if (std::any_of(known.begin(), known.end(), same)) return;
    known.push_back(read);
    fields.push_back({"", read->type()});
  };
  for (const PlanOverCall& call : node.calls) {
    if (call.call.looks_ahead()) return row_text(*node.input()->schema, {}, "row");
    if (!call.call.has_frame()) continue;
    const OverBound& start = call.call.frame.start;
    const OverBound& end = call.call.frame.end;
    if (start.unit == OverBound::Unit::kUnbounded && !end.ends_before()) continue;
    for (const ExprPtr& read : expressions_read(call.call)) add(read);
    for (const OverBound& bound : {start, end}) {
      if (bound.unit == OverBound::Unit::kRange) add(node.order[0].key);
    }
    if (start.unit != OverBound::Unit::kGroups) continue;
    for (const PlanOrder& order : node.order) add(order.key);
  }
  return fields.empty() ? "" : row_text(*make_schema(std::move(fields)), {}, "row");
}

/// "" for operators that keep no rows.
std::string rows_text(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kJoin: {
      const auto& join = node.as<JoinNode>();
      const auto side = [&](size_t s) {
        return row_text(*join.inputs[s]->schema, s == 0 ? join.left_keys : join.right_keys,
                        s == 0 ? "left row" : "right row");
      };
      return join.form == JoinForm::kBuild ? side(join.build) : side(0) + ", " + side(1);
    }
    case PlanKind::kTopN: {
      const auto& top = node.as<TopNNode>();
      std::vector<ExprPtr> computed = top.partition;
      for (const PlanOrder& order : top.order) computed.push_back(order.key);
      return row_text(*top.input()->schema, computed, "row");
    }
    case PlanKind::kOver:
      return over_rows_text(node.as<OverNode>());
    case PlanKind::kNormalize:
    case PlanKind::kKeepLast:
      return row_text(*node.schema, {}, "row");
    default:
      return "";
  }
}

}  // namespace

std::string state_text(const PlanNode& node, const PlanStateBound& bound) {
  std::string out = bound_text(bound);
  if (node.kind == PlanKind::kOver && node.as<OverNode>().form == PlanOverForm::kTime) {
    out = kept_text(node.as<OverNode>()) + ", " + out;
  }
  const std::string rows = rows_text(node);
  return rows.empty() ? out : out + ", " + rows;
}

}  // namespace velo
