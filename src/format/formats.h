#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/result.h"
#include "format/decoder.h"
#include "format/encoder.h"

namespace velo {

/// A row of the table of formats.
struct FormatInfo {
  std::string_view name;
  std::string_view description;
  std::string_view extension;  ///< ".csv"
  bool decodes = false;
  bool encodes = false;
  /// Goes with its own connector and cannot be named by 'format'.
  bool internal = false;
  std::span<const OptionInfo> options;  ///< under full names: "csv.header"
  /// Reads ROW columns, and of a ROW that is declared with fewer fields just these.
  bool reads_fields = false;
  /// Its records are changes, whatever is asked.
  bool of_changes = false;
  /// Records do not say where they end: it is for connectors of messages.
  bool of_messages = false;
  /// … but files have a form of their own, and say their columns.
  bool of_files = false;
};

std::span<const FormatInfo> formats();
/// kBadOptionValue with the nearest name if there is none.
Result<const FormatInfo*> find_format(std::string_view name);
/// The options of a format; empty for an unknown name.
std::span<const OptionInfo> format_options(std::string_view name);

/// True if with these options a newline ends every record and stands nowhere else, so that a file
/// may be cut after any newline. `head`: the first bytes of the input, as far as known.
bool newline_framed(std::string_view format, const OptionMap& options, std::string_view head = {});

/// Errors: an option or a column type that the format cannot read, with the column's name.
Result<std::unique_ptr<Decoder>> make_decoder(std::string_view format, DecoderOptions options);
Result<std::unique_ptr<Encoder>> make_encoder(std::string_view format, EncoderOptions options);

/// The columns that the schema gives which the options of a format name, or which its registry has.
/// kNotFound: they name none.
Result<std::vector<Field>> schema_columns(std::string_view format, const OptionMap& options,
                                          const SchemaAccess& access);

/// The columns that a file gives which begins so. REQUIRES: FormatInfo::of_files.
Result<std::vector<Field>> file_columns(std::string_view format, std::string_view head);

/// The columns of a CSV text by looking at its values (never at the names): BIGINT, DOUBLE,
/// BOOLEAN, DATE, TIMESTAMP, TIMESTAMP_LTZ or STRING, names from the header line or column1,
/// column2…. `sample`: the first bytes of a file; a last line that is cut is not looked at. Errors:
/// an empty sample.
Result<SchemaPtr> infer_csv_schema(std::string_view sample, const OptionMap& options);

}  // namespace velo
