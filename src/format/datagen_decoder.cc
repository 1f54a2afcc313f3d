#include "format/datagen_decoder.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/fmt.h"
#include "base/random.h"
#include "format/formats.h"

namespace velo {
namespace {

constexpr std::string_view kPrefix = "fields.";

uint64_t hash_name(std::string_view name) {
  uint64_t hash = 0;
  for (const char c : name) hash = mix64(hash ^ static_cast<unsigned char>(c)) + 1;
  return hash;
}

/// The options of each column, from 'fields.<column>.<option>'.
Result<std::map<std::string, FieldOptions>> split_options(const Schema& schema,
                                                          const OptionMap& options) {
  std::vector<std::string> columns;
  for (const Field& field : schema.fields()) columns.push_back(field.name);
  std::map<std::string, FieldOptions> out;
  for (const auto& [name, value] : options) {
    if (!name.starts_with(kPrefix)) continue;
    const size_t dot = name.rfind('.');
    if (dot <= kPrefix.size()) {
      return Error(ErrorCode::kUnknownOption, fmt::format("option '{}' names no column", name))
          .with_hint("write 'fields.<column>.<option>'");
    }
    const std::string column = name.substr(kPrefix.size(), dot - kPrefix.size());
    if (schema.index_of(column) < 0) {
      return Error(ErrorCode::kUnknownOption,
                   fmt::format("option '{}': there is no column '{}'", name, column))
          .with_hint(did_you_mean(column, columns));
    }
    out[column][name.substr(dot + 1)] = value;
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Decoder>> DatagenDecoder::make(const DecoderOptions& options) {
  const OptionReader reader("format 'datagen'", options.options, format_options("datagen"));
  TRY(reader.check());
  const uint64_t seed = TRY(reader.number("seed"));
  const std::map<std::string, FieldOptions> fields =
      TRY(split_options(*options.schema, options.options));
  std::unique_ptr<DatagenDecoder> out(new DatagenDecoder());
  std::vector<Field> projected;
  // Every declared column is checked; only those that are read are made.
  for (size_t i = 0; i < options.schema->size(); ++i) {
    const Field& field = (*options.schema)[i];
    const auto found = fields.find(field.name);
    const FieldOptions own = found == fields.end() ? FieldOptions() : found->second;
    TRY(make_field_generator(field, own, 0));
  }
  for (const int index : options.projection) {
    const Field& field = (*options.schema)[static_cast<size_t>(index)];
    const auto found = fields.find(field.name);
    const FieldOptions own = found == fields.end() ? FieldOptions() : found->second;
    projected.push_back(field);
    out->fields_.push_back(
        TRY(make_field_generator(field, own, mix64(seed + 1) ^ hash_name(field.name))));
  }
  out->schema_ = make_schema(std::move(projected));
  out->batch_rows_ = options.batch_rows;
  return std::unique_ptr<Decoder>(std::move(out));
}

Status DatagenDecoder::feed(const DecodeInput& input, DecodeOutput& out) {
  if (input.bytes.empty()) return {};
  uint64_t range[2];
  CHECK(input.bytes.size() == sizeof range, "a generator's block is a range of rows");
  std::memcpy(range, input.bytes.data(), sizeof range);
  const uint64_t end = range[0] + range[1];
  for (uint64_t first = range[0]; first < end;) {
    const size_t rows = static_cast<size_t>(std::min<uint64_t>(batch_rows_, end - first));
    Batch batch;
    batch.schema = schema_;
    batch.rows = rows;
    batch.columns.reserve(fields_.size());
    for (auto& field : fields_) batch.columns.push_back(field->make(first, rows));
    next_row_ = first + rows;
    TRY(out.batch(std::move(batch), {first, first + rows}));
    first += rows;
  }
  return {};
}

}  // namespace velo
