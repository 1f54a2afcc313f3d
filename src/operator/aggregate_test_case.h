#pragma once

// What the tests of grouping operators share: aggregates by name, and running an operator many
// ways.
#include <string>
#include <vector>

#include "column/time_text.h"
#include "expr/aggregate.h"
#include "operator/collect_output.h"
#include "operator/window_aggregate.h"

namespace velo {

inline ExprPtr input_column(const SchemaPtr& schema, std::string_view name) {
  const int index = schema->index_of(name);
  CHECK(index >= 0, name);
  const auto at = static_cast<size_t>(index);
  return make_column(at, (*schema)[at].type, (*schema)[at].name);
}

/// "SUM(v)", "COUNT(*)", "COUNT(DISTINCT v)".
inline Aggregate aggregate_of(const SchemaPtr& schema, std::string_view text) {
  AggregateRequest request;
  const size_t open = text.find('(');
  request.name = text.substr(0, open);
  std::string_view arg = text.substr(open + 1, text.size() - open - 2);
  if (arg == "*") {
    request.star = true;
  } else {
    if (arg.starts_with("DISTINCT ")) {
      request.distinct = true;
      arg.remove_prefix(9);
    }
    request.args.push_back(input_column(schema, arg));
  }
  return resolve_aggregate(request).value();
}

inline int64_t at_time(std::string_view time_of_day) {
  return *parse_timestamp("2024-01-01T" + std::string(time_of_day), false);
}

inline constexpr int64_t kSecond = 1'000'000;

/// A windowed aggregation over (k STRING, v BIGINT, t TIMESTAMP), keyed by k.
inline WindowAggregateOptions window_options(WindowSpec window, std::vector<std::string> aggregates,
                                             bool keyed = true) {
  WindowAggregateOptions options;
  options.input = schema_from_text("k STRING, v BIGINT, t TIMESTAMP");
  options.window = window;
  options.time_column = 2;
  std::vector<Field> fields;
  if (keyed) {
    options.keys.push_back(input_column(options.input, "k"));
    fields.push_back({"k", Type::string()});
  }
  options.with_time = false;
  fields.push_back({"window_start", Type::timestamp(3)});
  fields.push_back({"window_end", Type::timestamp(3)});
  for (const std::string& text : aggregates) {
    options.aggregates.push_back(aggregate_of(options.input, text));
    fields.push_back({text, options.aggregates.back().type});
  }
  options.output = make_schema(std::move(fields));
  return options;
}

/// Rows "k v hh:mm:ss" become a batch of the schema of `window_options`.
inline Batch events(std::string_view rows) {
  std::string text;
  for (size_t begin = 0; begin < rows.size();) {
    const size_t end = std::min(rows.find('\n', begin), rows.size());
    std::string line(rows.substr(begin, end - begin));
    const size_t last = line.rfind(' ');
    if (last != std::string::npos && line.find(':') != std::string::npos) {
      line.insert(last + 1, "2024-01-01T");
      text += line + "\n";
    }
    begin = end + 1;
  }
  return batch_from_text("k STRING, v BIGINT, t TIMESTAMP", text);
}

/// Output rows without the date, which is the same in all.
inline std::string short_times(std::string_view text) {
  const std::string_view date = "2024-01-01T";
  std::string out;
  for (size_t begin = 0; begin < text.size();) {
    const size_t at = std::min(text.find(date, begin), text.size());
    out += text.substr(begin, at - begin);
    begin = at + date.size();
  }
  return out;
}

/// Pushes `batch` in pieces of `batch_rows` under a watermark of the largest time − delay, as a
/// source would: each piece carries row watermarks if one of its rows can be late. Then ends the
/// stream.
inline void stream(Operator& op, const Batch& batch, int64_t delay_us, size_t batch_rows,
                   Output& output, bool end = true) {
  int64_t watermark = kWatermarkNone;
  const Column& time = *batch.columns[2];
  for (size_t begin = 0; begin < batch.rows; begin += batch_rows) {
    Batch piece = slice(batch, begin, std::min(batch_rows, batch.rows - begin));
    ColumnBuilder marks(Type::bigint());
    bool late = false;
    for (size_t row = begin; row < begin + piece.rows; ++row) {
      marks.append_int64(watermark);
      watermark = std::max(watermark, time.int64_at(row) - delay_us);
    }
    for (size_t row = begin; row < begin + piece.rows; ++row)
      late |= time.int64_at(row) <= watermark;
    if (late) piece.watermarks = marks.finish();
    op.push(0, piece, output);
    op.advance(0, watermark, output);
  }
  if (!end) return;
  op.advance(0, kWatermarkEnd, output);
  op.finish(output);
}

}  // namespace velo
