#include "format/avro_step.h"

#include <algorithm>

#include "base/fmt.h"

namespace velo {
namespace {

using Op = AvroStep::Op;

/// A column, a field of a ROW, an element, and what its values come from.
struct Goal {
  std::string path;
  Type type;
  ColumnTarget* target;
};

AvroStep start_step(Op op, const AvroType& writer, const Goal& place) {
  AvroStep step;
  step.op = op;
  step.writer = &writer;
  step.path = place.path;
  step.type = place.type;
  step.target = place.target;
  step.scalar = dynamic_cast<ScalarTarget*>(place.target);
  step.row = dynamic_cast<RowTarget*>(place.target);
  step.list = dynamic_cast<ListTarget*>(place.target);
  return step;
}

Error misfit(const AvroType& type, const Goal& place) {
  Error error(ErrorCode::kTypeMismatch,
              fmt::format("column '{}' is {}, which Avro's {} is not read into", place.path,
                          place.type.to_string(), avro_type_name(type)));
  const Result<Type> fitting = avro_sql_type(type, place.path);
  return std::move(error).with_hint(
      fitting ? fmt::format("declare it as {}", fitting->to_string())
              : "leave the column out: what is not declared is passed over");
}

Result<AvroStep> fit(const AvroType& writer, const AvroType* reader, const Goal& place);

std::string_view plain_name(std::string_view name) {
  return name.substr(name.rfind('.') + 1);  // npos + 1 is 0
}

bool is_called(const AvroType& reader, const AvroType& writer) {
  if (plain_name(reader.name) == plain_name(writer.name)) return true;
  return std::find(reader.aliases.begin(), reader.aliases.end(), writer.name) !=
         reader.aliases.end();
}

/// Whether data of `writer` may be read as `reader`, which is no union; parts are not looked at.
bool promotes(const AvroType& writer, const AvroType& reader) {
  if (writer.kind == reader.kind) return true;
  switch (reader.kind) {
    case AvroKind::kLong:
      return writer.kind == AvroKind::kInt;
    case AvroKind::kFloat:
      return writer.kind == AvroKind::kInt || writer.kind == AvroKind::kLong;
    case AvroKind::kDouble:
      return writer.kind == AvroKind::kInt || writer.kind == AvroKind::kLong ||
             writer.kind == AvroKind::kFloat;
    case AvroKind::kString:
      return writer.kind == AvroKind::kBytes;
    case AvroKind::kBytes:
      return writer.kind == AvroKind::kString;
    default:
      return false;
  }
}

/// The branch of the reader's union that takes data of `writer`: one of its kind and name before
/// one that it can be promoted to.
const AvroType* choose_branch(const AvroType& writer, const AvroType& reader) {
  if (reader.kind != AvroKind::kUnion) return promotes(writer, reader) ? &reader : nullptr;
  const AvroType* found = nullptr;
  for (const AvroType* branch : reader.parts) {
    if (branch->kind == writer.kind && (writer.name.empty() || is_called(*branch, writer))) {
      return branch;
    }
    if (!found && promotes(writer, *branch)) found = branch;
  }
  return found;
}

/// int and long as numbers of a column's type; nothing: they do not fit.
bool fit_integer(const AvroType& writer, const Type& type, AvroStep* step) {
  const bool is_long = writer.kind == AvroKind::kLong;
  switch (type.kind()) {
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInteger:
      if (is_long) return false;
      [[fallthrough]];
    case TypeKind::kBigInt:
      step->min = type.integer_min();
      step->max = type.integer_max();
      return true;
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      step->op = Op::kIntegerToDouble;
      step->as_float = type.kind() == TypeKind::kFloat;
      return true;
    case TypeKind::kDate:
      return writer.logical == AvroLogical::kDate;
    case TypeKind::kTime: {
      const bool millis = writer.logical == AvroLogical::kTimeMillis;
      if (!millis && writer.logical != AvroLogical::kTimeMicros) return false;
      step->multiply = millis ? 1000 : 1;
      step->min = 0;
      step->max = int64_t{86'400'000'000} - 1;
      step->step = type.step_us();
      return true;
    }
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      break;
    default:
      return false;
  }
  step->step = type.step_us();
  switch (writer.logical) {
    case AvroLogical::kTimestampMillis:
    case AvroLogical::kLocalTimestampMillis:
      step->multiply = 1000;
      return true;
    case AvroLogical::kTimestampNanos:
    case AvroLogical::kLocalTimestampNanos:
      step->divide = 1000;
      return true;
    case AvroLogical::kTimestampMicros:
    case AvroLogical::kLocalTimestampMicros:
      return true;
    default:
      return false;
  }
}

Result<AvroStep> fit_scalar(const AvroType& writer, const AvroType* reader, const Goal& place) {
  AvroStep step = start_step(Op::kText, writer, place);
  const Type& type = place.type;
  bool fits = false;
  switch (writer.kind) {
    case AvroKind::kBoolean:
      step.op = Op::kBoolean;
      fits = type.kind() == TypeKind::kBoolean;
      break;
    case AvroKind::kInt:
    case AvroKind::kLong:
      step.op = Op::kInteger;
      fits = fit_integer(writer, type, &step);
      if (reader && reader->kind == AvroKind::kFloat) step.as_float = true;
      break;
    case AvroKind::kFloat:
      step.op = Op::kFloat;
      fits = type.is_float();
      break;
    case AvroKind::kDouble:
      step.op = Op::kDouble;
      fits = type.kind() == TypeKind::kDouble;
      break;
    case AvroKind::kString:
    case AvroKind::kBytes:
    case AvroKind::kFixed:
      if (writer.logical == AvroLogical::kDecimal && type.is_decimal()) {
        step.op = Op::kDecimal;
        fits = writer.scale <= type.scale() && type.scale() - writer.scale <= 38;
      } else if (writer.kind == AvroKind::kFixed && type.is_string()) {
        step.op = Op::kUuid;
        fits = writer.logical == AvroLogical::kUuid;
      } else {
        fits = type.physical() == Physical::kString;
      }
      break;
    default:
      break;
  }
  if (!fits) return misfit(writer, place);
  return step;
}

Result<AvroStep> fit_enum(const AvroType& writer, const AvroType* reader, const Goal& place) {
  if (!place.type.is_string()) return misfit(writer, place);
  AvroStep step = start_step(Op::kEnum, writer, place);
  step.symbols = writer.symbols;
  if (!reader) return step;
  for (std::string& symbol : step.symbols) {
    const bool known =
        std::find(reader->symbols.begin(), reader->symbols.end(), symbol) != reader->symbols.end();
    if (!known) symbol = reader->default_symbol.value_or("");
  }
  return step;
}

bool is_written_as(const AvroField& reader, const std::string& name) {
  return reader.name == name ||
         std::find(reader.aliases.begin(), reader.aliases.end(), name) != reader.aliases.end();
}

/// The field of the writer that the reader's field is read from; its own name comes first.
const AvroField* find_written(const AvroType& writer, const AvroField& reader) {
  for (const AvroField& field : writer.fields) {
    if (field.name == reader.name) return &field;
  }
  for (const AvroField& field : writer.fields) {
    if (is_written_as(reader, field.name)) return &field;
  }
  return nullptr;
}

const AvroField* find_field(const AvroType& record, std::string_view name) {
  for (const AvroField& field : record.fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

/// What a part of a row is that the writer does not have.
Result<AvroStep::Missing> missing_part(const AvroField* reader, const Goal& place) {
  AvroStep::Missing missing;
  if (!reader) {
    missing.step = start_step(Op::kNull, AvroType(), place);
    missing.step.writer = nullptr;
    return missing;
  }
  if (!reader->default_bytes) {
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("column '{}': the schema that records are written with has no field "
                             "'{}', and the reader's gives no default",
                             place.path, reader->name))
        .with_hint("give the field a \"default\" in the schema that is read by");
  }
  missing.bytes = *reader->default_bytes;
  missing.step = TRY(fit(*reader->type, reader->type, place));
  return missing;
}

/// The fields of a record, or some of them, as the parts of a row.
Status fit_fields(const AvroType& writer, const AvroType* reader, const std::vector<Goal>& places,
                  const std::vector<std::string>& names, AvroStep* step) {
  step->parts.resize(writer.fields.size());
  for (size_t i = 0; i < writer.fields.size(); ++i) step->parts[i].writer = writer.fields[i].type;
  for (size_t i = 0; i < places.size(); ++i) {
    const AvroField* const read = reader ? find_field(*reader, names[i]) : nullptr;
    const AvroField* const written = read     ? find_written(writer, *read)
                                     : reader ? nullptr
                                              : find_field(writer, names[i]);
    if (!written) {
      step->missing.push_back(TRY(missing_part(read, places[i])));
      continue;
    }
    AvroStep& part = step->parts[static_cast<size_t>(written - writer.fields.data())];
    if (part.op != Op::kSkip) {
      return Error(ErrorCode::kTypeMismatch,
                   fmt::format("column '{}': the field '{}' is another column's already",
                               places[i].path, written->name))
          .with_hint("a field is read once: look at the aliases");
    }
    part = TRY(fit(*written->type, read ? read->type : nullptr, places[i]));
  }
  return {};
}

Result<AvroStep> fit_record(const AvroType& writer, const AvroType* reader, const Goal& place) {
  if (place.type.kind() != TypeKind::kRow) return misfit(writer, place);
  AvroStep step = start_step(Op::kRecord, writer, place);
  const std::vector<std::string>& names = place.type.field_names();
  std::vector<Goal> places;
  for (size_t i = 0; i < names.size(); ++i) {
    places.push_back({place.path + "." + names[i], place.type.children()[i],
                      step.row ? &step.row->field(i) : nullptr});
  }
  TRY(fit_fields(writer, reader, places, names, &step));
  return step;
}

Result<AvroStep> fit_list(const AvroType& writer, const AvroType* reader, const Goal& place) {
  const bool map = writer.kind == AvroKind::kMap;
  const bool fits =
      map ? place.type.kind() == TypeKind::kMap && place.type.children()[0].is_string()
          : place.type.kind() == TypeKind::kArray;
  if (!fits) return misfit(writer, place);
  AvroStep step = start_step(map ? Op::kMap : Op::kArray, writer, place);
  const size_t part = map ? 1 : 0;
  const Goal element{place.path, place.type.children()[part],
                     step.list ? &step.list->elements(part) : nullptr};
  step.parts.push_back(TRY(fit(*writer.parts[0], reader ? reader->parts[0] : nullptr, element)));
  return step;
}

/// Branches that do not fit are refused where they come, unless none fits.
Result<AvroStep> fit_union(const AvroType& writer, const AvroType* reader, const Goal& place) {
  AvroStep step = start_step(Op::kUnion, writer, place);
  bool some_fit = false;
  for (const AvroType* branch : writer.parts) {
    Result<AvroStep> part = fit(*branch, reader, place);
    some_fit |= part && branch->kind != AvroKind::kNull;
    if (!part) {
      AvroStep refused = start_step(Op::kRefuse, *branch, place);
      refused.problem = std::move(part).error().message;
      part = std::move(refused);
    }
    step.parts.push_back(std::move(part).value());
  }
  const bool only_null = writer.parts.size() == 1 && writer.null_branch();
  if (!some_fit && !only_null) return misfit(writer, place);
  return step;
}

Result<AvroStep> fit(const AvroType& writer, const AvroType* reader, const Goal& place) {
  if (writer.kind == AvroKind::kUnion) return fit_union(writer, reader, place);
  if (reader) {
    const AvroType* const branch = choose_branch(writer, *reader);
    if (!branch) {
      return Error(ErrorCode::kTypeMismatch,
                   fmt::format("column '{}': Avro does not read {} as {}", place.path,
                               avro_type_name(writer), avro_type_name(*reader)))
          .with_hint("change the type in the schema that is read by");
    }
    reader = branch;
  }
  switch (writer.kind) {
    case AvroKind::kNull:
      return start_step(Op::kNull, writer, place);
    case AvroKind::kEnum:
      return fit_enum(writer, reader, place);
    case AvroKind::kRecord:
      return fit_record(writer, reader, place);
    case AvroKind::kArray:
    case AvroKind::kMap:
      return fit_list(writer, reader, place);
    default:
      return fit_scalar(writer, reader, place);
  }
}

}  // namespace

Result<AvroStep> resolve_avro(const AvroType& writer, const AvroType* reader,
                              const AvroColumns& columns) {
  std::vector<Goal> places;
  std::vector<std::string> names;
  for (size_t i = 0; i < columns.schema->size(); ++i) {
    const Field& field = (*columns.schema)[i];
    names.push_back(field.name);
    places.push_back(
        {field.name, field.type, columns.targets.empty() ? nullptr : columns.targets[i]});
  }
  if (reader && reader->kind == AvroKind::kUnion) {
    const AvroType* const branch = choose_branch(writer, *reader);
    if (branch) reader = branch;
  }
  if (writer.kind != AvroKind::kRecord) {
    if (places.size() == 1) return fit(writer, reader, places[0]);
    AvroStep skipped;
    skipped.writer = &writer;
    if (places.empty()) return skipped;
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("records of Avro's {} have one value, the table {} columns",
                             avro_type_name(writer), places.size()))
        .with_hint("declare one column");
  }
  if (reader && reader->kind != AvroKind::kRecord) {
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("Avro does not read {} as {}", avro_type_name(writer),
                             avro_type_name(*reader)))
        .with_hint("change the schema that is read by");
  }
  AvroStep step;
  step.op = Op::kRecord;
  step.writer = &writer;
  TRY(fit_fields(writer, reader, places, names, &step));
  return step;
}

}  // namespace velo
