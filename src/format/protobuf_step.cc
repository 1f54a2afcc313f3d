#include "format/protobuf_step.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "base/nearest_name.h"

namespace velo {
namespace {

using Op = ProtoStep::Op;
using Missing = ProtoStep::Missing;

// Above them fields are looked up by halving.
constexpr uint32_t kNearNumbers = 1024;

/// A column, a field of a ROW, an element, and where its values go.
struct Goal {
  std::string path;
  Type type;
  ColumnTarget* target;
};

Error misfit(const ProtoField& field, const Goal& goal) {
  Error error(ErrorCode::kTypeMismatch,
              fmt::format("column '{}' is {}, which Protobuf's {} is not read into", goal.path,
                          goal.type.to_string(), proto_type_name(field)));
  const Result<Type> fitting = proto_sql_type(field, goal.path);
  return std::move(error).with_hint(
      fitting ? fmt::format("declare it as {}", fitting->to_string())
              : "leave the column out: what is not declared is passed over");
}

/// Makes the steps of a record.
class Resolver {
 public:
  explicit Resolver(const ProtoColumns& columns) : columns_(columns) {}
  Result<ProtoMessageStep> message(const ProtoMessage& message, const std::vector<Goal>& goals,
                                   const std::vector<std::string>& names);
  uint32_t steps() const { return steps_; }

 private:
  Result<ProtoStep> field(const ProtoField& field, const Goal& goal);
  Status fit_value(const Goal& goal, ProtoStep* step);
  Status fit_message(const Goal& goal, ProtoStep* step);
  Status fit_map(const Goal& goal, ProtoStep* step);
  Missing missing(const ProtoField& field) const {
    if (field.required) return Missing::kRefuse;
    return field.presence && !columns_.read_defaults ? Missing::kNull : Missing::kDefault;
  }
  Error no_field(const ProtoMessage& message, const std::string& name, const Goal& goal) const;
  static void add_rivals(const ProtoMessage& message, ProtoMessageStep* steps);

  const ProtoColumns& columns_;
  uint32_t steps_ = 0;
};

bool fit_integer(ProtoStep* step) {
  const Type& type = step->type;
  switch (step->field->kind) {
    case ProtoKind::kInt64:
    case ProtoKind::kSint64:
    case ProtoKind::kSfixed64:
      if (type.is_integer() && type.kind() != TypeKind::kBigInt) return false;
      break;
    case ProtoKind::kUint64:
    case ProtoKind::kFixed64:
      if (type.is_integer() && type.kind() != TypeKind::kBigInt) return false;
      step->min = 0;
      break;
    default:
      break;
  }
  if (type.is_decimal()) {
    step->op = Op::kDecimal;
    return true;
  }
  if (!type.is_integer()) return false;
  step->op = Op::kInteger;
  step->min = std::max(step->min, type.integer_min());
  step->max = type.integer_max();
  return true;
}

/// Anything but messages.
bool fit_scalar(ProtoStep* step) {
  const Type& type = step->type;
  switch (step->field->kind) {
    case ProtoKind::kBool:
      step->op = Op::kBoolean;
      return type.kind() == TypeKind::kBoolean;
    case ProtoKind::kDouble:
      step->op = Op::kDouble;
      return type.kind() == TypeKind::kDouble;
    case ProtoKind::kFloat:
      step->op = Op::kFloat;
      return type.is_float();
    case ProtoKind::kString:
    case ProtoKind::kBytes:
      step->op = Op::kText;
      return type.physical() == Physical::kString;
    case ProtoKind::kEnum:
      if (type.is_integer()) return fit_integer(step);
      step->op = Op::kEnum;
      return type.is_string();
    default:
      return fit_integer(step);
  }
}

Status Resolver::fit_message(const Goal& goal, ProtoStep* step) {
  const ProtoMessage& message = *step->field->message;
  if (message.known == ProtoWellKnown::kTimestamp && goal.type.is_timestamp()) {
    step->op = Op::kTimestamp;
    return {};
  }
  if (message.known == ProtoWellKnown::kWrapper && goal.type.kind() != TypeKind::kRow) {
    step->op = Op::kWrapper;
    step->parts = TRY(this->message(message, {goal}, {message.fields[0].name}));
    return {};
  }
  if (goal.type.kind() != TypeKind::kRow) return misfit(*step->field, goal);
  step->op = Op::kMessage;
  const std::vector<std::string>& names = goal.type.field_names();
  std::vector<Goal> goals;
  for (size_t i = 0; i < names.size(); ++i) {
    goals.push_back({goal.path + "." + names[i], goal.type.children()[i],
                     step->row ? &step->row->field(i) : nullptr});
  }
  step->parts = TRY(this->message(message, goals, names));
  return {};
}

/// One value of the step's field.
Status Resolver::fit_value(const Goal& goal, ProtoStep* step) {
  step->type = goal.type;
  step->target = goal.target;
  step->scalar = dynamic_cast<ScalarTarget*>(goal.target);
  step->row = dynamic_cast<RowTarget*>(goal.target);
  if (step->field->message) return fit_message(goal, step);
  if (!fit_scalar(step)) return misfit(*step->field, goal);
  return {};
}

Status Resolver::fit_map(const Goal& goal, ProtoStep* step) {
  step->op = Op::kMap;
  step->type = goal.type;
  step->target = goal.target;
  std::vector<Goal> goals;
  for (size_t i = 0; i < 2; ++i) {
    goals.push_back(
        {goal.path, goal.type.children()[i], step->list ? &step->list->elements(i) : nullptr});
  }
  step->parts = TRY(message(*step->field->message, goals, {"key", "value"}));
  for (ProtoStep& part : step->parts.fields) part.missing = Missing::kDefault;
  return {};
}

Result<ProtoStep> Resolver::field(const ProtoField& field, const Goal& goal) {
  ProtoStep step;
  step.id = steps_++;
  step.field = &field;
  step.path = goal.path;
  step.missing = missing(field);
  if (!field.repeated) {
    TRY(fit_value(goal, &step));
    return step;
  }
  const TypeKind wanted = field.is_map() ? TypeKind::kMap : TypeKind::kArray;
  if (goal.type.kind() != wanted) return misfit(field, goal);
  step.list = dynamic_cast<ListTarget*>(goal.target);
  if (field.is_map()) {
    TRY(fit_map(goal, &step));
  } else {
    TRY(fit_value(
        {goal.path, goal.type.children()[0], step.list ? &step.list->elements(0) : nullptr},
        &step));
  }
  return step;
}

Error Resolver::no_field(const ProtoMessage& message, const std::string& name,
                         const Goal& goal) const {
  std::vector<std::string> names;
  for (const ProtoField& field : message.fields) names.push_back(field.name);
  std::string hint = did_you_mean(name, names);
  if (hint.empty()) hint = "columns are called as the fields of the message";
  return Error(ErrorCode::kTypeMismatch,
               fmt::format("column '{}' is no field of the message '{}'", goal.path, message.name))
      .with_hint(std::move(hint));
}

/// What ends a field of a oneof may be a field that nobody reads.
void Resolver::add_rivals(const ProtoMessage& message, ProtoMessageStep* steps) {
  const size_t read = steps->fields.size();
  for (const ProtoField& field : message.fields) {
    if (field.oneof < 0) continue;
    std::vector<uint16_t> rivals;
    ProtoStep* own = nullptr;
    for (size_t i = 0; i < read; ++i) {
      ProtoStep& other = steps->fields[i];
      if (other.field == &field) {
        own = &other;
      } else if (other.field && other.field->oneof == field.oneof) {
        rivals.push_back(static_cast<uint16_t>(i));
      }
    }
    if (rivals.empty()) continue;
    if (!own) {
      steps->fields.emplace_back();
      own = &steps->fields.back();
      own->field = &field;
    }
    own->rivals = std::move(rivals);
  }
}

Result<ProtoMessageStep> Resolver::message(const ProtoMessage& message,
                                           const std::vector<Goal>& goals,
                                           const std::vector<std::string>& names) {
  ProtoMessageStep out;
  for (size_t i = 0; i < goals.size(); ++i) {
    const ProtoField* const found = message.find(names[i]);
    if (found) {
      out.fields.push_back(TRY(field(*found, goals[i])));
    } else if (columns_.lenient) {
      ProtoStep null;  // which no number leads to
      null.id = steps_++;
      null.target = goals[i].target;
      out.fields.push_back(std::move(null));
    } else {
      return no_field(message, names[i], goals[i]);
    }
  }
  add_rivals(message, &out);
  if (out.fields.size() >= ProtoMessageStep::kNobody) {
    return Error(ErrorCode::kNotSupported, fmt::format("{} columns", out.fields.size()));
  }
  for (size_t i = 0; i < out.fields.size(); ++i) {
    if (!out.fields[i].field) continue;
    const uint32_t number = out.fields[i].field->number;
    const auto place = static_cast<uint16_t>(i);
    if (number >= kNearNumbers) {
      out.by_far_number.emplace_back(number, place);
      continue;
    }
    if (out.by_number.size() <= number) {
      out.by_number.resize(number + 1, ProtoMessageStep::kNobody);
    }
    out.by_number[number] = place;
  }
  std::sort(out.by_far_number.begin(), out.by_far_number.end());
  return out;
}

}  // namespace

const ProtoStep* ProtoMessageStep::find(uint32_t number) const {
  if (number < by_number.size()) {
    const uint16_t place = by_number[number];
    return place == kNobody ? nullptr : &fields[place];
  }
  const auto found = std::lower_bound(by_far_number.begin(), by_far_number.end(),
                                      std::pair<uint32_t, uint16_t>(number, 0));
  if (found == by_far_number.end() || found->first != number) return nullptr;
  return &fields[found->second];
}

Result<ProtoRecordStep> resolve_protobuf(const ProtoMessage& message, const ProtoColumns& columns) {
  std::vector<Goal> goals;
  std::vector<std::string> names;
  for (size_t i = 0; i < columns.schema->size(); ++i) {
    const Field& field = (*columns.schema)[i];
    names.push_back(field.name);
    goals.push_back(
        {field.name, field.type, columns.targets.empty() ? nullptr : columns.targets[i]});
  }
  Resolver resolver(columns);
  ProtoRecordStep record;
  record.root = TRY(resolver.message(message, goals, names));
  record.steps = resolver.steps();
  return record;
}

}  // namespace velo
