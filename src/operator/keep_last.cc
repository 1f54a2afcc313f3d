// Every row of a batch is stored, or takes back the oldest stored row that equals it. What is shown
// of a key is its newest stored row: when that changes, the old one is taken back and the new one
// given.
#include "operator/keep_last.h"

namespace velo {
namespace {

class KeepLast final : public KeyedRows {
 public:
  explicit KeepLast(KeyedRowsOptions options)
      : KeyedRows(std::move(options), "keep_last", "KeepLast") {}

 private:
  void take(const Batch& batch, const RowKeys& keys) override {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (keys.has_null(row)) {
        changes().add_nameless(row);
      } else if (batch.weight(row) > 0) {
        add(batch, row, keys);
      } else {
        take_back(batch, row, keys);
      }
    }
  }

  Id last(const RowKeys& keys, uint32_t row) const {
    Id newest = RowStore::kNone;
    store().each_equal(keys, row, [&](Id id) {
      if (newest == RowStore::kNone) newest = id;
    });
    return newest;
  }

  void add(const Batch& batch, uint32_t row, const RowKeys& keys) {
    const Id shown = last(keys, row);
    const Id id = store().append(batch, {&row, 1}, keys, context_.now_us);
    if (shown != RowStore::kNone) changes().add(shown, row, -1);
    changes().add(id, row, 1);
  }

  void take_back(const Batch& batch, uint32_t row, const RowKeys& keys) {
    const Id id = store().find(batch, row, keys);
    if (id == RowStore::kNone) {
      if (options().ttl_us <= 0) changes().add_unmatched(row);
      return;
    }
    const bool was_shown = last(keys, row) == id;
    store().remove(id);
    if (!was_shown) return;
    changes().add(id, row, -1);
    const Id now = last(keys, row);
    if (now != RowStore::kNone) changes().add(now, row, 1);
  }
};

}  // namespace

std::unique_ptr<Operator> make_keep_last(KeyedRowsOptions options) {
  return std::make_unique<KeepLast>(std::move(options));
}

}  // namespace velo
