#pragma once

#include <memory>
#include <string>
#include <vector>

#include "format/csv_record.h"
#include "format/record_decoder.h"

namespace velo {

enum class CsvHeader : uint8_t { kAuto, kAlways, kNever };

/// The options of format 'csv', checked.
struct CsvOptions {
  CsvDialect dialect;
  CsvHeader header = CsvHeader::kAuto;
  std::string null_literal;  ///< empty: an empty unquoted field is NULL
  bool ignore_extra_fields = false;
  bool allow_missing_fields = false;
  TimeNotation times = TimeNotation::kIso8601;
  std::string op_column = "op";  ///< of changes
};

Result<CsvOptions> parse_csv_options(const OptionMap& options);

/// CSV rows to columns.
class CsvDecoder : public RecordDecoder {
 public:
  CsvDecoder(CsvOptions csv, SchemaPtr declared, std::vector<int> projection,
             BatchAssembler assembler, size_t record_bytes_max);

 protected:
  void begin_record() override { framing_.begin_record(); }
  RecordEnd find_end(const char* from, const char* end) override;
  Outcome decode_record(std::string_view record, size_t row, bool stable) override;
  Result<bool> take_header(std::string_view record) override;
  Status learn_header(std::string_view head) override;
  bool enter_lines(const Messages& messages) override;
  void reset_unit() override;

  /// Where the columns of a file stand.
  struct Layout {
    size_t fields = 0;                ///< in every row
    std::vector<size_t> field_of;     ///< for each projected column
  };

  bool is_null(const CsvField& field, const Type& type) const;

  CsvOptions csv_;
  Layout layout_;

 private:
  Outcome write_field(const CsvField& field, size_t column, size_t row, bool stable);
  /// True if the record names all declared columns.
  bool is_header(const std::vector<std::string>& names) const;
  Result<bool> judge_header(std::string_view record);
  Status follow_header(const std::vector<std::string>& names);
  Error no_such_column(std::string_view column, const std::vector<std::string>& names) const;

  SchemaPtr declared_;
  std::vector<int> projection_;
  CsvFraming framing_;
  std::vector<CsvField> fields_;
};

}  // namespace velo
