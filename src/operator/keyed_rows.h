#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/change_list.h"
#include "operator/operator.h"
#include "state/row_store.h"

namespace velo {

struct KeyedRowsOptions {
  SchemaPtr schema;
  std::vector<size_t> key;
  int64_t ttl_us = 0;  ///< what came so long ago (wall clock) is forgotten; 0 = never
};

/// What operators have in common that keep rows by key and say how what they show of a key changes:
/// each says only what a batch does (`take`).
class KeyedRows : public Operator {
 public:
  /// `section`: of the snapshot; `name`: for explain.
  KeyedRows(KeyedRowsOptions options, std::string_view section, std::string_view name)
      : options_(std::move(options)),
        store_({options_.schema, options_.key, -1, 0, false}),
        section_(section),
        name_(name) {}

  void push(size_t, const Batch& batch, Output& output) final {
    take(batch, RowKeys(batch, options_.key));
    changes_.give(batch, store_, watermark_, output);
    store_.trim();
  }
  void advance(size_t, int64_t watermark, Output& output) final {
    watermark_ = watermark;
    output.advance(watermark);
  }
  void tick(int64_t now_us, Output&) final {
    if (options_.ttl_us <= 0) return;
    store_.expire_arrivals(now_us - options_.ttl_us);
    store_.trim();
  }
  void save(SnapshotWriter& writer) const final {
    writer.section(section_);
    writer.i64(watermark_);
    store_.save(writer);
  }
  Status load(SnapshotReader& reader) final {
    TRY(reader.section(section_));
    watermark_ = TRY(reader.i64());
    return store_.load(reader);
  }
  std::string explain() const final {
    std::string out(name_);
    for (size_t i = 0; i < options_.key.size(); ++i) {
      out += (i == 0 ? " by " : ", ") + (*options_.schema)[options_.key[i]].name;
    }
    return out;
  }
  const SchemaPtr& output_schema() const final { return options_.schema; }
  size_t state_bytes() const final { return store_.memory_bytes(); }
  size_t state_rows() const final { return store_.rows(); }
  size_t state_column_bytes() const final { return store_.column_bytes(); }

 protected:
  using Id = RowStore::Id;

  /// Stores and removes rows, and notes in `changes()` what is shown differently then.
  virtual void take(const Batch& batch, const RowKeys& keys) = 0;

  const KeyedRowsOptions& options() const { return options_; }
  RowStore& store() { return store_; }
  const RowStore& store() const { return store_; }
  ChangeList& changes() { return changes_; }

 private:
  KeyedRowsOptions options_;
  RowStore store_;
  std::string_view section_;
  std::string_view name_;
  int64_t watermark_ = kWatermarkNone;
  ChangeList changes_;
};

}  // namespace velo
