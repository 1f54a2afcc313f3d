#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "column/batch.h"

namespace velo {

/// Writes state as bytes: little-endian numbers, length-prefixed strings, columns.
/// docs/formats/snapshot.md. Not thread-safe.
class SnapshotWriter {
 public:
  void u8(uint8_t value) { raw(&value, sizeof value); }
  void u32(uint32_t value) { raw(&value, sizeof value); }
  void u64(uint64_t value) { raw(&value, sizeof value); }
  void i64(int64_t value) { raw(&value, sizeof value); }
  void f64(double value) { raw(&value, sizeof value); }
  void string(std::string_view value);
  void column(const Column& column);
  void raw(const void* data, size_t bytes);
  /// A named mark; the reader must ask for the same one. Guards against reading one operator's
  /// state as another's.
  void section(std::string_view name);

  /// What was written, with a header (magic, version) and a checksum over all.
  std::string finish();

 private:
  std::string bytes_;
};

/// Reads what SnapshotWriter wrote. Every read is checked: bytes that are not a snapshot give an
/// Error (kCorruptData, or kIncompatibleState for another section or version), never a crash or a
/// huge allocation.
class SnapshotReader {
 public:
  /// Checks header and checksum. `bytes` must outlive the reader.
  static Result<SnapshotReader> open(std::string_view bytes);

  Result<uint8_t> u8() { return number<uint8_t>(); }
  Result<uint32_t> u32() { return number<uint32_t>(); }
  Result<uint64_t> u64() { return number<uint64_t>(); }
  Result<int64_t> i64() { return number<int64_t>(); }
  Result<double> f64() { return number<double>(); }
  Result<std::string> string();
  /// REQUIRES of the data: it was written with this type.
  Result<ColumnPtr> column(const Type& type);
  Status raw(void* data, size_t bytes);
  Status section(std::string_view name);
  /// A count of things that take at least `bytes_each`: an error if the rest of the snapshot is
  /// shorter.
  Result<uint64_t> count(size_t bytes_each);
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  explicit SnapshotReader(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  Result<T> number() {
    T value;
    TRY(raw(&value, sizeof value));
    return value;
  }
  Result<ColumnPtr> string_column(const Type& type, uint64_t rows, const BufferPtr& validity);

  std::string_view bytes_;
  size_t at_ = 0;
};

}  // namespace velo
