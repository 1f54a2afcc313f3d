#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/batch_assembler.h"
#include "format/kernels.h"

namespace velo {

/// A field of a record as the fast path knows it before looking: which one it is and what stands
/// around its value, always the same.
struct FastField {
  uint32_t index = 0;    ///< its place in the record
  int column = -1;       ///< the leaf that the value goes to; -1: it is looked over only
  FieldLiteral before;   ///< between the field's beginning and the value, an opening quote included
  FieldLiteral behind;   ///< between the value and the field's ending character, at most 16 bytes
  bool quoted = false;   ///< the literals hold the value's quotes
  bool valueless = false;  ///< JSON: all of it is `before` (an empty list)
};

/// The fields of a record that all records are expected to have.
struct FastLayout {
  uint32_t stride = 0;  ///< ending characters per record
  std::vector<FastField> fields;
  std::vector<size_t> absent;  ///< leaves that no field fills: NULL
};

/// How a format writes single values, where kernels do not read them.
class FieldSyntax {
 public:
  virtual ~FieldSyntax() = default;
  /// Reads the value of a whole field, as it stands between two ending characters, into the row.
  /// False if this is better left to the record's plain decoding, which then has the last word.
  virtual bool fix(const FastField& field, std::string_view text, ScalarTarget* target,
                   size_t row) = 0;
};

/// Reads runs of records column by column.
///
/// For each column a kernel reads what is usual, four rows at a time, and lists the rows that are
/// not ("special": empty, long, a string not seen before). Those are read one by one
/// (`FieldSyntax::fix`); what even that does not take makes the whole record odd, and odd records
/// are decoded again by the plain path. So a value is either right or rewritten, whatever the
/// kernels skip.
class FastFields {
 public:
  FastFields(const Kernels& kernels, BatchAssembler& assembler, FieldSyntax& syntax, bool json)
      : kernels_(kernels), assembler_(assembler), syntax_(syntax), json_(json) {}

  /// What strings may not hold as they are: the quote, and JSON's backslash. A newline means none.
  void set_rejected(char a, char b) { reject_a_ = a, reject_b_ = b; }
  /// An unquoted string that means NULL; "" if there is none.
  void set_null_literal(std::string_view literal) { null_literal_ = literal; }
  /// One character (CSV: '\r') in front of every newline belongs to no field.
  void set_carriage_returns(bool present) { carriage_returns_ = present; }

  /// Reads `rows` records into rows [assembler.rows(), + rows). `positions`: see FieldRun; the
  /// first ending character of the first record. REQUIRES: the batch has room.
  void read(const FastLayout& layout, const char* text, const uint32_t* positions, uint32_t rows);
  /// The odd rows of the last `read`, ascending, counted from its first.
  const std::vector<uint32_t>& odd() const { return odd_; }

 private:
  void read_field(const FastField& field, const FieldRun& run);
  void read_integers(const FastField& field, const FieldRun& run, ScalarTarget& target);
  void check_range(const FieldRun& run, ScalarTarget& target);
  void scale_epoch(const FieldRun& run, ScalarTarget& target);
  void read_doubles(const FastField& field, const FieldRun& run, ScalarTarget& target);
  void round_to_float(const FastField& field, const FieldRun& run, ScalarTarget& target);
  void read_decimals(const FastField& field, const FieldRun& run, ScalarTarget& target);
  void read_booleans(const FastField& field, const FieldRun& run, ScalarTarget& target);
  void read_times(const FastField& field, const FieldRun& run, ScalarTarget& target);
  void read_strings(const FastField& field, const FieldRun& run, ScalarTarget& target);
  void refer_to_strings(const FastField& field, const FieldRun& run, ScalarTarget& target);
  void fix_all(const FastField& field, const FieldRun& run, uint32_t specials);
  void fix(const FastField& field, const FieldRun& run, uint32_t row);
  void mark_odd(uint32_t row) { odd_bits_[row >> 6] |= uint64_t{1} << (row & 63); }
  void check_valueless(const FastField& field, const FieldRun& run);
  void collect_odd();

  const Kernels& kernels_;
  BatchAssembler& assembler_;
  FieldSyntax& syntax_;
  bool json_;
  char reject_a_ = '\n';
  char reject_b_ = '\n';
  std::string null_literal_;
  bool carriage_returns_ = false;

  size_t first_row_ = 0;
  std::vector<uint32_t> special_;
  std::vector<uint64_t> odd_bits_;
  std::vector<uint32_t> odd_;
  std::vector<uint64_t> mantissas_;
  std::vector<uint8_t> fractions_;
  std::vector<uint8_t> negative_;
};

}  // namespace velo
