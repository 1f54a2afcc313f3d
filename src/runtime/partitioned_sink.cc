#include "runtime/partitioned_sink.h"

#include <algorithm>

#include "base/fmt.h"
#include "column/time_text.h"

namespace velo {
namespace {

/// Flink's name for the folder of NULL.
constexpr std::string_view kNullFolder = "__DEFAULT_PARTITION__";

std::string value_text(const Batch& batch, size_t column, size_t row) {
  const Column& values = *batch.columns[column];
  if (values.is_null(row)) return std::string(kNullFolder);
  if (values.type().is_string()) return std::string(values.string_at(row));
  std::string text;
  if (values.type().kind() == TypeKind::kDate) {
    append_date(text, values.int64_at(row));
  } else {
    text = std::to_string(values.int64_at(row));
  }
  return text;
}

}  // namespace

std::string folder_text(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool special = static_cast<unsigned char>(c) < ' ' || c == '\x7f' ||
                         std::string_view("\"#%'*/:=?\\{}[]^").find(c) != std::string_view::npos;
    if (special) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  return out.empty() ? std::string(kNullFolder) : out;
}

PartitionedSink::PartitionedSink(PartitionedSinkOptions options) : options_(std::move(options)) {
  std::vector<Field> fields;
  for (size_t i = 0; i < options_.schema->size(); ++i) {
    if (std::find(options_.by.begin(), options_.by.end(), i) != options_.by.end()) continue;
    kept_.push_back(i);
    fields.push_back((*options_.schema)[i]);
  }
  kept_schema_ = make_schema(std::move(fields));
}

std::string PartitionedSink::folder_of(const Batch& batch, size_t row) const {
  std::string name;
  for (const size_t column : options_.by) {
    if (!name.empty()) name += '/';
    name += fmt::format("{}={}", (*options_.schema)[column].name,
                        folder_text(value_text(batch, column, row)));
  }
  return name;
}

int64_t PartitionedSink::due_of(const Batch& batch, size_t row) const {
  std::string text;
  std::string_view pattern = options_.time_pattern;
  while (!pattern.empty()) {
    const std::optional<size_t> column = variable_at(pattern);
    if (column) {
      text += value_text(batch, *column, row);
      pattern.remove_prefix(1 + (*options_.schema)[*column].name.size());
    } else {
      text += pattern.front();
      pattern.remove_prefix(1);
    }
  }
  const std::optional<int64_t> time = parse_timestamp(text, false);
  return time ? *time + options_.delay_us : INT64_MAX;
}

// The column that `pattern` begins with, as "$name"; the longest name, if several fit.
std::optional<size_t> PartitionedSink::variable_at(std::string_view pattern) const {
  if (!pattern.starts_with('$')) return std::nullopt;
  std::optional<size_t> found;
  for (const size_t column : options_.by) {
    const std::string& name = (*options_.schema)[column].name;
    if (!pattern.substr(1).starts_with(name)) continue;
    if (!found || name.size() > (*options_.schema)[*found].name.size()) found = column;
  }
  return found;
}

Result<SinkPort*> PartitionedSink::open_folder(const std::string& name, const Batch& batch,
                                               size_t row) {
  const auto known = open_.find(name);
  if (known != open_.end()) return known->second.sink.get();
  std::unique_ptr<SinkPort> made = TRY(options_.make(name, completed_.contains(name)));
  Folder& folder = open_[name];
  folder.sink = std::move(made);
  folder.sink->set_thread(thread_);
  TRY(folder.sink->open());
  folder.due_us = due_of(batch, row);
  next_due_us_ = std::min(next_due_us_, folder.due_us);
  return folder.sink.get();
}

void PartitionedSink::emit(Batch batch) {
  if (!wants_more()) return;
  metrics_.rows_out.add(batch.rows);
  note(deal(batch));
}

Status PartitionedSink::deal(const Batch& batch) {
  std::map<std::string, Selection> dealt;
  Selection* rows = nullptr;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    const bool same =
        rows != nullptr && std::all_of(options_.by.begin(), options_.by.end(), [&](size_t column) {
          return rows_equal(*batch.columns[column], row - 1, *batch.columns[column], row);
        });
    if (!same) rows = &dealt[folder_of(batch, row)];
    rows->push_back(row);
  }
  for (const auto& [name, selection] : dealt) {
    SinkPort* const sink = TRY(open_folder(name, batch, selection.front()));
    Batch part{kept_schema_, selection.size(), {}, nullptr, nullptr};
    for (const size_t column : kept_) {
      const ColumnPtr& values = batch.columns[column];
      part.columns.push_back(selection.size() == batch.rows ? values : gather(values, selection));
    }
    sink->emit(std::move(part));
    if (sink->error()) return *sink->error();
  }
  return {};
}

Status PartitionedSink::complete(const std::string& name, Folder& folder) {
  TRY(folder.sink->publish());
  metrics_.bytes_out.add(folder.sink->metrics().bytes_out.get());
  completed_.insert(name);
  return options_.complete ? options_.complete(name) : Status();
}

void PartitionedSink::advance(int64_t watermark) {
  SinkPort::advance(watermark);
  if (watermark < next_due_us_ || !wants_more()) return;
  next_due_us_ = INT64_MAX;
  for (auto at = open_.begin(); at != open_.end();) {
    if (at->second.due_us > watermark) {
      next_due_us_ = std::min(next_due_us_, at->second.due_us);
      ++at;
    } else {
      if (!note(complete(at->first, at->second))) return;
      at = open_.erase(at);
    }
  }
}

template <typename Call>
Status PartitionedSink::for_each(Call call) {
  for (auto& [name, folder] : open_) {
    if (!note(call(*folder.sink))) break;
  }
  return error() ? Status(*error()) : Status();
}

Status PartitionedSink::flush() {
  return for_each([](SinkPort& sink) { return sink.flush(); });
}

Status PartitionedSink::tick() {
  return for_each([](SinkPort& sink) { return sink.tick(); });
}

Result<std::string> PartitionedSink::prepare(uint64_t) {
  return Error(ErrorCode::kNotSupported,
               "not supported yet: checkpoints of what is written into a table that is PARTITIONED "
               "BY");
}

void PartitionedSink::abandon() {
  for (auto& [name, folder] : open_) folder.sink->abandon();
}

Status PartitionedSink::publish() {
  for (auto& [name, folder] : open_) TRY(complete(name, folder));
  open_.clear();
  return {};
}

}  // namespace velo
