#include "column/type.h"

#include "base/check.h"

namespace velo {

Type Type::array(Type element) {
  Type t(TypeKind::kArray);
  t.nested_ = std::make_shared<const NestedType>(NestedType{{}, {std::move(element)}});
  return t;
}

Type Type::map(Type key, Type value) {
  Type t(TypeKind::kMap);
  t.nested_ =
      std::make_shared<const NestedType>(NestedType{{}, {std::move(key), std::move(value)}});
  return t;
}

Type Type::row(std::vector<std::string> names, std::vector<Type> types) {
  CHECK(names.size() == types.size());
  Type t(TypeKind::kRow);
  t.nested_ = std::make_shared<const NestedType>(NestedType{std::move(names), std::move(types)});
  return t;
}

Physical Type::physical() const {
  switch (kind_) {
    case TypeKind::kNull:
    case TypeKind::kBoolean: return Physical::kBool;
    case TypeKind::kFloat:
    case TypeKind::kDouble: return Physical::kDouble;
    case TypeKind::kDecimal: return Physical::kInt128;
    case TypeKind::kString:
    case TypeKind::kBytes: return Physical::kString;
    case TypeKind::kArray:
    case TypeKind::kMap: return Physical::kList;
    case TypeKind::kRow: return Physical::kRow;
    default: return Physical::kInt64;
  }
}

const std::vector<Type>& Type::children() const {
  static const std::vector<Type> kNone;
  return nested_ ? nested_->types : kNone;
}

const std::vector<std::string>& Type::field_names() const {
  static const std::vector<std::string> kNone;
  return nested_ ? nested_->names : kNone;
}

int64_t Type::integer_max() const {
  switch (kind_) {
    case TypeKind::kTinyInt: return INT8_MAX;
    case TypeKind::kSmallInt: return INT16_MAX;
    case TypeKind::kInteger: return INT32_MAX;
    default: return INT64_MAX;
  }
}

int64_t Type::integer_min() const { return -integer_max() - 1; }

int64_t Type::step_us() const {
  int64_t step = 1;
  for (int digit = precision_; digit < 6; ++digit) step *= 10;
  return step;
}

std::string Type::to_string() const {
  switch (kind_) {
    case TypeKind::kNull: return "NULL";
    case TypeKind::kBoolean: return "BOOLEAN";
    case TypeKind::kTinyInt: return "TINYINT";
    case TypeKind::kSmallInt: return "SMALLINT";
    case TypeKind::kInteger: return "INTEGER";
    case TypeKind::kBigInt: return "BIGINT";
    case TypeKind::kFloat: return "FLOAT";
    case TypeKind::kDouble: return "DOUBLE";
    case TypeKind::kDecimal:
      return "DECIMAL(" + std::to_string(precision_) + ", " + std::to_string(scale_) + ")";
    case TypeKind::kString: return "STRING";
    case TypeKind::kBytes: return "BYTES";
    case TypeKind::kDate: return "DATE";
    case TypeKind::kTime: return "TIME(" + std::to_string(precision_) + ")";
    case TypeKind::kTimestamp: return "TIMESTAMP(" + std::to_string(precision_) + ")";
    case TypeKind::kTimestampLtz: return "TIMESTAMP_LTZ(" + std::to_string(precision_) + ")";
    case TypeKind::kIntervalDay: return "INTERVAL DAY TO SECOND";
    case TypeKind::kIntervalMonth: return "INTERVAL YEAR TO MONTH";
    case TypeKind::kArray: return "ARRAY<" + children()[0].to_string() + ">";
    case TypeKind::kMap:
      return "MAP<" + children()[0].to_string() + ", " + children()[1].to_string() + ">";
    case TypeKind::kRow: break;
  }
  std::string out = "ROW<";
  for (size_t i = 0; i < children().size(); ++i) {
    if (i > 0) out += ", ";
    out += field_names()[i] + " " + children()[i].to_string();
  }
  return out + ">";
}

bool Type::operator==(const Type& other) const {
  if (kind_ != other.kind_ || precision_ != other.precision_ || scale_ != other.scale_)
    return false;
  if (nested_ == other.nested_) return true;
  if (!nested_ || !other.nested_) return false;
  return nested_->names == other.nested_->names && nested_->types == other.nested_->types;
}

int Schema::index_of(std::string_view name) const {
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::string Schema::to_string() const {
  std::string out;
  for (const Field& field : fields_) {
    if (!out.empty()) out += ", ";
    out += field.name + " " + field.type.to_string();
  }
  return out;
}

}  // namespace velo
