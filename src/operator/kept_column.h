#pragma once

#include <memory>

#include "base/buffer.h"
#include "column/column.h"

namespace velo {

/// A column that its maker gives out and, once nobody else holds it, fills anew: results that come
/// window after window cost no memory then. Flat or constant, of values of 8 bytes without NULLs.
struct KeptColumn {
  ColumnPtr column;
  std::shared_ptr<Buffer> values;  ///< of `column`, or of its base; null: made elsewhere

  /// Nobody else can see the values any more, and what others did with them has happened: copying a
  /// shared pointer acquires what those who let go of theirs have released.
  bool is_unshared() const {
    if (values == nullptr || column.use_count() != 1 || values.use_count() != 2) return false;
    const bool constant = column->encoding() == Encoding::kConstant;
    if (constant && column->base().use_count() != 1) return false;
    const ColumnPtr acquired = column;
    const ColumnPtr base = constant ? column->base() : nullptr;
    const std::shared_ptr<Buffer> buffer = values;
    return true;
  }
};

}  // namespace velo
