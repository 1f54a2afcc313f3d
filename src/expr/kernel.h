#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "column/column.h"
#include "expr/evaluator.h"
#include "expr/function.h"
#include "expr/row_errors.h"

namespace velo {

/// The column that a kernel fills: raw values, validity, and room for the bytes of long strings.
///
/// All rows start valid, or as the evaluator's NULL rule says; values start uninitialised except
/// strings and booleans, which start empty and false.
class KernelOutput {
 public:
  KernelOutput(Type type, size_t rows);

  const Type& type() const { return type_; }
  size_t rows() const { return rows_; }
  /// T is the physical type. REQUIRES: neither list nor row.
  template <typename T>
  T* values() {
    return values_->as<T>();
  }

  bool is_null(size_t row) const {
    return validity_ != nullptr && ((validity_->as<uint64_t>()[row >> 6] >> (row & 63)) & 1) == 0;
  }
  void set_null(size_t row);
  /// Makes the rows NULL that are NULL in `column` (flat or constant).
  void intersect_validity(const Column& column);
  /// Null = all valid.
  const uint64_t* validity() const { return validity_ ? validity_->as<uint64_t>() : nullptr; }

  /// Copies the bytes.
  void set_string(size_t row, std::string_view value);
  /// Refers to bytes inside an argument given to `share` (or inline ones).
  void set_string_view(size_t row, std::string_view value) {
    values<StringRef>()[row] = StringRef(value);
  }
  /// Room for at most `bytes` bytes, to be written now and then named by `set_built`.
  char* build(size_t bytes);
  /// The row's string is the first `bytes` bytes of the last `build`.
  void set_built(size_t row, size_t bytes);
  /// Keeps the bytes of an argument's strings alive.
  void share(const Column& column);
  /// Replaces everything by a finished column (for nested results).
  void set_column(ColumnPtr column) { finished_ = std::move(column); }

  ColumnPtr finish();

 private:
  Type type_;
  size_t rows_;
  std::shared_ptr<Buffer> values_;
  std::shared_ptr<Buffer> validity_;
  std::vector<BufferPtr> owners_;
  std::shared_ptr<Buffer> text_;
  size_t text_used_ = 0;
  ColumnPtr finished_;
};

/// Where a kernel's failures go: counts local rows, reports rows of the batch.
struct ErrorSink {
  RowErrors* errors;     ///< null = forget them (TRY)
  const uint32_t* rows;  ///< local row → row of the batch; null = the same
  void add(size_t row, ErrorCode code, std::string message) const {
    if (errors == nullptr) return;
    errors->add(rows != nullptr ? rows[row] : static_cast<uint32_t>(row), code, std::move(message));
  }
};

/// What a kernel keeps between batches for one call in one query: a compiled pattern, a zone.
struct KernelState {
  virtual ~KernelState() = default;
};

/// One call of a kernel.
struct KernelCall {
  size_t rows;
  std::span<const ColumnPtr> args;  ///< flat or constant, `rows` long, of the resolved types
  KernelOutput& out;                ///< of the resolved result type
  ErrorSink errors;
  EvaluationContext& context;
  std::unique_ptr<KernelState>& state;  ///< empty at first; see `state_of`

  /// The row has no value: NULL in the result, reported to the caller.
  void fail(size_t row, ErrorCode code, std::string message) {
    errors.add(row, code, std::move(message));
    out.set_null(row);
  }
  const Type& arg_type(size_t i) const { return args[i]->type(); }

  /// This call's state of type S, made on first use.
  template <typename S>
  S& state_of() {
    if (!state) state = std::make_unique<S>();
    return static_cast<S&>(*state);
  }
};

/// Argument `i` as an array of T where a constant is an array with stride 0.
template <typename T>
class Values {
 public:
  Values(const KernelCall& call, size_t i) : Values(*call.args[i]) {}
  explicit Values(const Column& column)
      : values_(column.is_flat() ? column.values<T>() : column.base()->values<T>()),
        mask_(column.is_flat() ? ~size_t{0} : 0) {}
  const T& operator[](size_t row) const { return values_[row & mask_]; }
  bool is_constant() const { return mask_ == 0; }
  const T* data() const { return values_; }

 private:
  const T* values_;
  size_t mask_;
};

/// String argument `i`.
class Strings {
 public:
  Strings(const KernelCall& call, size_t i) : values_(call, i) {}
  explicit Strings(const Column& column) : values_(column) {}
  std::string_view operator[](size_t row) const { return values_[row].view(); }
  bool is_constant() const { return values_.is_constant(); }

 private:
  Values<StringRef> values_;
};

/// Calls f(row) for every row that is not NULL in the output so far (strict functions: whose
/// arguments are all valid).
template <typename F>
void for_valid(KernelCall& call, F f) {
  const uint64_t* validity = call.out.validity();
  if (validity == nullptr) {
    for (size_t row = 0; row < call.rows; ++row) f(row);
    return;
  }
  // A copy: f may set rows to NULL.
  std::vector<uint64_t> words(validity, validity + bitmap_words(call.rows));
  for (size_t row = 0; row < call.rows; ++row) {
    if ((words[row >> 6] >> (row & 63)) & 1) f(row);
  }
}

/// out[row] = f(a[row]) for all rows, also under NULLs: f must not fail, trap or be slow.
template <typename Out, typename A, typename F>
void map_all(KernelCall& call, F f) {
  Out* out = call.out.values<Out>();
  const Values<A> a(call, 0);
  if (a.is_constant()) {
    const Out value = f(a[0]);
    for (size_t row = 0; row < call.rows; ++row) out[row] = value;
    return;
  }
  const A* in = a.data();
  for (size_t row = 0; row < call.rows; ++row) out[row] = f(in[row]);
}

/// out[row] = f(a[row], b[row]) for all rows, also under NULLs; one loop per combination of
/// constants.
template <typename Out, typename A, typename B, typename F>
void map_all2(KernelCall& call, F f) {
  Out* __restrict out = call.out.values<Out>();
  const Values<A> a(call, 0);
  const Values<B> b(call, 1);
  const A* pa = a.data();
  const B* pb = b.data();
  const size_t rows = call.rows;
  if (b.is_constant()) {
    const B vb = *pb;
    for (size_t row = 0; row < rows; ++row) out[row] = f(a[row], vb);
  } else if (a.is_constant()) {
    const A va = *pa;
    for (size_t row = 0; row < rows; ++row) out[row] = f(va, pb[row]);
  } else {
    for (size_t row = 0; row < rows; ++row) out[row] = f(pa[row], pb[row]);
  }
}

/// out[row] = f(a[row]) for valid rows.
template <typename Out, typename A, typename F>
void map_valid(KernelCall& call, F f) {
  Out* out = call.out.values<Out>();
  const Values<A> a(call, 0);
  for_valid(call, [&](size_t row) { out[row] = f(a[row]); });
}

}  // namespace velo
