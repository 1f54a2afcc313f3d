#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sink_port.h"

namespace velo {

struct PartitionedSinkOptions {
  SchemaPtr schema;  ///< of the rows that come
  /// The columns that name the folder, STRING, integers or DATE: they are not written into it.
  std::vector<size_t> by;
  /// The sink of a folder, "dt=2024-01-01/hm=10%3A00". `again`: it was complete, and a late row
  /// came.
  std::function<Result<std::unique_ptr<SinkPort>>(const std::string& folder, bool again)> make;
  /// Called for each folder once it is complete and all of it published; may be null.
  std::function<Status(const std::string& folder)> complete;
  /// A folder's time: a text in which `$column` stands for its value; "" = only the end completes.
  std::string time_pattern;
  int64_t delay_us = 0;  ///< it is complete when the watermark passes its time + delay
};

/// Deals rows to folders by the values of some columns, each with a sink of its own: what
/// PARTITIONED BY says of a table of files.
class PartitionedSink final : public SinkPort {
 public:
  explicit PartitionedSink(PartitionedSinkOptions options);

  void emit(Batch batch) override;
  void advance(int64_t watermark) override;
  Status flush() override;
  Status tick() override;
  Result<std::string> prepare(uint64_t epoch) override;
  void abandon() override;
  Status publish() override;

 private:
  struct Folder {
    std::unique_ptr<SinkPort> sink;
    int64_t due_us = INT64_MAX;  ///< complete at this watermark
  };
  std::string folder_of(const Batch& batch, size_t row) const;
  int64_t due_of(const Batch& batch, size_t row) const;
  std::optional<size_t> variable_at(std::string_view pattern) const;
  Result<SinkPort*> open_folder(const std::string& name, const Batch& batch, size_t row);
  Status deal(const Batch& batch);
  Status complete(const std::string& name, Folder& folder);
  template <typename Call>
  Status for_each(Call call);

  PartitionedSinkOptions options_;
  std::vector<size_t> kept_;  ///< the columns that are written
  SchemaPtr kept_schema_;
  std::map<std::string, Folder> open_;
  std::set<std::string> completed_;
  int64_t next_due_us_ = INT64_MAX;
};

/// What a value may be called in a folder's name: what means something in a path is written as %XX.
std::string folder_text(std::string_view value);

}  // namespace velo
