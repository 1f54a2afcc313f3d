// Every row of a batch is stored, or takes back the oldest stored row that equals it. What is shown
// of a key is its newest stored row: when that changes, the old one is taken back and the new one
// given.
#include "operator/keep_last.h"

#include "operator/change_list.h"

namespace velo {
namespace {

using Id = RowStore::Id;

class KeepLast final : public Operator {
 public:
  explicit KeepLast(KeepLastOptions options)
      : options_(std::move(options)), store_({options_.schema, options_.key, -1, 0, false}) {}

  void push(size_t, const Batch& batch, Output& output) override {
    const RowKeys keys(batch, options_.key);
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (keys.has_null(row)) {
        changes_.add_nameless(row);
      } else if (batch.weight(row) > 0) {
        add(batch, row, keys);
      } else {
        take_back(batch, row, keys);
      }
    }
    changes_.give(batch, store_, watermark_, output);
    store_.trim();
  }

  void advance(size_t, int64_t watermark, Output& output) override {
    watermark_ = watermark;
    output.advance(watermark);
  }

  void tick(int64_t now_us, Output&) override {
    if (options_.ttl_us <= 0) return;
    store_.expire_arrivals(now_us - options_.ttl_us);
    store_.trim();
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("keep_last");
    writer.i64(watermark_);
    store_.save(writer);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("keep_last"));
    watermark_ = TRY(reader.i64());
    return store_.load(reader);
  }

  std::string explain() const override {
    std::string out = "KeepLast";
    for (size_t i = 0; i < options_.key.size(); ++i) {
      out += (i == 0 ? " by " : ", ") + (*options_.schema)[options_.key[i]].name;
    }
    return out;
  }
  const SchemaPtr& output_schema() const override { return options_.schema; }
  size_t state_bytes() const override { return store_.memory_bytes(); }
  size_t state_rows() const override { return store_.rows(); }
  size_t state_column_bytes() const override { return store_.column_bytes(); }

 private:
  Id last(const RowKeys& keys, uint32_t row) const {
    Id newest = RowStore::kNone;
    store_.each_equal(keys, row, [&](Id id) {
      if (newest == RowStore::kNone) newest = id;
    });
    return newest;
  }

  void add(const Batch& batch, uint32_t row, const RowKeys& keys) {
    const Id shown = last(keys, row);
    const Id id = store_.append(batch, {&row, 1}, keys, context_.now_us);
    if (shown != RowStore::kNone) changes_.add(shown, row, -1);
    changes_.add(id, row, 1);
  }

  void take_back(const Batch& batch, uint32_t row, const RowKeys& keys) {
    const Id id = store_.find(batch, row, keys);
    if (id == RowStore::kNone) {
      if (options_.ttl_us <= 0) changes_.add_unmatched(row);
      return;
    }
    const bool was_shown = last(keys, row) == id;
    store_.remove(id);
    if (!was_shown) return;
    changes_.add(id, row, -1);
    const Id now = last(keys, row);
    if (now != RowStore::kNone) changes_.add(now, row, 1);
  }

  KeepLastOptions options_;
  RowStore store_;
  int64_t watermark_ = kWatermarkNone;
  ChangeList changes_;
};

}  // namespace

std::unique_ptr<Operator> make_keep_last(KeepLastOptions options) {
  return std::make_unique<KeepLast>(std::move(options));
}

}  // namespace velo
