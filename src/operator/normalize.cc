// 1. The rows of a batch are stored together.
// 2. Then, one after the other, each finds the row of its key that was stored before it: at most
//    one. That one is taken back and removed; the new one is given, or removed too if it only says
//    that its key is gone.
//
// Invariant: between batches no two stored rows have the same key, and what was given adds up to
// what is stored.
#include "operator/normalize.h"

namespace velo {
namespace {

class Normalize final : public KeyedRows {
 public:
  explicit Normalize(KeyedRowsOptions options)
      : KeyedRows(std::move(options), "normalize", "Normalize") {}

 private:
  void take(const Batch& batch, const RowKeys& keys) override {
    const Id first = store().append_all(batch, keys, context_.now_us);
    for (uint32_t row = 0; row < batch.rows; ++row) take_row(batch, row, first + row, keys);
  }

  /// Row `row` of the batch, stored as `id`.
  void take_row(const Batch& batch, uint32_t row, Id id, const RowKeys& keys) {
    Id old = RowStore::kNone;
    store().each_equal(keys, row, [&](Id other) {
      if (other < id && old == RowStore::kNone) old = other;
    });
    if (keys.has_null(row)) {
      changes().add_nameless(row);
      store().remove(id);
    } else if (batch.weight(row) < 0) {
      if (old == RowStore::kNone) {
        changes().add_unmatched(row);
      } else {
        take_back(old, row);
      }
      store().remove(id);
    } else if (old != RowStore::kNone && equal(old, id)) {
      store().remove(old);  // the new one lives as long as its key is written
    } else {
      if (old != RowStore::kNone) take_back(old, row);
      changes().add(id, row, 1);
    }
  }

  bool equal(Id a, Id b) const {
    for (size_t c = 0; c < options().schema->size(); ++c) {
      if (store().compare(c, a, b) != 0) return false;
    }
    return true;
  }

  void take_back(Id id, uint32_t row) {
    changes().add(id, row, -1);
    store().remove(id);
  }
};

}  // namespace

std::unique_ptr<Operator> make_normalize(KeyedRowsOptions options) {
  return std::make_unique<Normalize>(std::move(options));
}

}  // namespace velo
