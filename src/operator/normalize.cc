// 1. The rows of a batch are stored together.
// 2. Then, one after the other, each finds the row of its key that was stored before it: at most
//    one. That one is taken back and removed; the new one is given, or removed too if it only says
//    that its key is gone.
//
// Invariant: between batches no two stored rows have the same key, and what was given adds up to
// what is stored.
#include "operator/normalize.h"

#include "operator/change_list.h"

namespace velo {
namespace {

using Id = RowStore::Id;

class Normalize final : public Operator {
 public:
  explicit Normalize(NormalizeOptions options)
      : options_(std::move(options)), store_({options_.schema, options_.key, -1, 0, false}) {}

  void push(size_t, const Batch& batch, Output& output) override {
    const RowKeys keys(batch, options_.key);
    const Id first = store_.append_all(batch, keys, context_.now_us);
    for (uint32_t row = 0; row < batch.rows; ++row) take(batch, row, first + row, keys);
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
    writer.section("normalize");
    writer.i64(watermark_);
    store_.save(writer);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("normalize"));
    watermark_ = TRY(reader.i64());
    return store_.load(reader);
  }

  std::string explain() const override {
    std::string out = "Normalize";
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
  /// Row `row` of the batch, stored as `id`.
  void take(const Batch& batch, uint32_t row, Id id, const RowKeys& keys) {
    Id old = RowStore::kNone;
    store_.each_equal(keys, row, [&](Id other) {
      if (other < id && old == RowStore::kNone) old = other;
    });
    if (keys.has_null(row)) {
      changes_.add_nameless(row);
      store_.remove(id);
    } else if (batch.weight(row) < 0) {
      if (old == RowStore::kNone) {
        changes_.add_unmatched(row);
      } else {
        take_back(old, row);
      }
      store_.remove(id);
    } else if (old != RowStore::kNone && equal(old, id)) {
      store_.remove(old);  // the new one lives as long as its key is written
    } else {
      if (old != RowStore::kNone) take_back(old, row);
      changes_.add(id, row, 1);
    }
  }

  bool equal(Id a, Id b) const {
    for (size_t c = 0; c < options_.schema->size(); ++c) {
      if (store_.compare(c, a, b) != 0) return false;
    }
    return true;
  }

  void take_back(Id id, uint32_t row) {
    changes_.add(id, row, -1);
    store_.remove(id);
  }

  NormalizeOptions options_;
  RowStore store_;
  int64_t watermark_ = kWatermarkNone;
  ChangeList changes_;
};

}  // namespace

std::unique_ptr<Operator> make_normalize(NormalizeOptions options) {
  return std::make_unique<Normalize>(std::move(options));
}

}  // namespace velo
