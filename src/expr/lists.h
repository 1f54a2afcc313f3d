#pragma once

#include "column/column_builder.h"
#include "expr/kernel.h"

namespace velo {

/// Rows of list argument `i` as [begin, end) into its child.
class Lists {
 public:
  Lists(const KernelCall& call, size_t i)
      : holder_(call.args[i]->is_flat() ? *call.args[i] : *call.args[i]->base()),
        mask_(call.args[i]->is_flat() ? ~size_t{0} : 0) {}
  uint32_t begin(size_t row) const { return holder_.offsets()[row & mask_]; }
  uint32_t end(size_t row) const { return holder_.offsets()[(row & mask_) + 1]; }
  uint32_t size(size_t row) const { return end(row) - begin(row); }
  /// Elements of an array, keys of a map; `child(1)`: values of a map.
  const ColumnPtr& child(size_t i = 0) const { return holder_.child(i); }

 private:
  const Column& holder_;
  size_t mask_;
};

/// Makes the list of every row that is not NULL by fill(row, elements).
template <typename F>
void rebuild(KernelCall& call, F fill) {
  ColumnBuilder builder(call.out.type(), call.rows);
  for (size_t row = 0; row < call.rows; ++row) {
    if (call.out.is_null(row)) {
      builder.append_null();
      continue;
    }
    fill(row, builder.child(0));
    builder.append_list_end();
  }
  call.out.set_column(builder.finish());
}

}  // namespace velo
