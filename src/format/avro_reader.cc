#include "format/avro_reader.h"

#include <cmath>
#include <cstring>

#include "base/fmt.h"
#include "column/decimal.h"
#include "format/wire_bytes.h"

namespace velo {
namespace {

using Op = AvroStep::Op;

constexpr int kDepthMax = 200;
// Elements that take no bytes (null) may be promised in any number.
constexpr uint64_t kEmptyElementsMax = 1 << 16;

/// One record being read.
class Reading {
 public:
  Reading(std::string_view bytes, bool stable, AvroReader::Problem& problem)
      : p_(bytes.data()), end_(bytes.data() + bytes.size()), stable_(stable), problem_(problem) {}

  bool value(const AvroStep& step, size_t row);
  std::string_view rest() const { return {p_, static_cast<size_t>(end_ - p_)}; }
  bool whole() {
    if (p_ == end_) return true;
    return fail(BadReason::kSyntax,
                fmt::format("{} bytes stand behind the record: it was not written with this schema",
                            end_ - p_));
  }

 private:
  bool fail(BadReason reason, std::string message) {
    problem_ = {reason, std::move(message)};
    return false;
  }
  bool fail_at(const AvroStep& step, BadReason reason, std::string_view why) {
    return fail(reason, fmt::format("column '{}': {}", step.path, why));
  }
  bool ends() { return fail(BadReason::kTruncated, "the record ends inside a value"); }

  bool number(int64_t* out) {
    uint64_t raw = 0;
    if (!read_varint(p_, end_, &raw)) return p_ == end_ ? ends() : too_long();
    *out = unzigzag(raw);
    return true;
  }
  bool too_long() { return fail(BadReason::kSyntax, "a number has more than 64 bits"); }
  bool take(uint64_t bytes, std::string_view* out) {
    if (bytes > static_cast<uint64_t>(end_ - p_)) return ends();
    *out = {p_, static_cast<size_t>(bytes)};
    p_ += bytes;
    return true;
  }
  /// Bytes behind their number.
  bool text(std::string_view* out) {
    int64_t bytes = 0;
    if (!number(&bytes)) return false;
    if (bytes < 0) return fail(BadReason::kSyntax, "a length below 0");
    return take(static_cast<uint64_t>(bytes), out);
  }
  template <typename T>
  bool fixed(T* out) {
    std::string_view bytes;
    if (!take(sizeof(T), &bytes)) return false;
    std::memcpy(out, bytes.data(), sizeof(T));
    return true;
  }

  bool skip(const AvroType& type, int depth);
  bool skip_blocks(const AvroType& type, int depth);
  bool integer(const AvroStep& step, size_t row);
  bool decimal(const AvroStep& step, size_t row);
  bool string(const AvroStep& step, size_t row);
  bool uuid(const AvroStep& step, size_t row);
  bool enumeration(const AvroStep& step, size_t row);
  bool branch(const AvroStep& step, size_t row);
  bool record(const AvroStep& step, size_t row);
  bool list(const AvroStep& step, size_t row);
  bool element(const AvroStep& step, bool map);
  bool set_text(const AvroStep& step, size_t row, std::string_view text, bool stable);
  bool bounded(const char* before) {
    if (p_ != before || ++empty_elements_ < kEmptyElementsMax) return true;
    return fail(BadReason::kTooLong,
                fmt::format("more than {} elements without a byte", kEmptyElementsMax));
  }
  /// The number of elements of the next block; 0 at the end. `size`, if given, gets the bytes that
  /// the block says it has, or stays.
  bool block(uint64_t* count, int64_t* size) {
    int64_t number_of = 0;
    if (!number(&number_of)) return false;
    *count = static_cast<uint64_t>(number_of);
    if (number_of >= 0) return true;
    *count = -static_cast<uint64_t>(number_of);
    return number(size);
  }

  const char* p_;
  const char* end_;
  bool stable_;
  AvroReader::Problem& problem_;
  uint64_t empty_elements_ = 0;
};

bool Reading::skip_blocks(const AvroType& type, int depth) {
  while (true) {
    uint64_t count = 0;
    int64_t size = -1;
    if (!block(&count, &size)) return false;
    if (count == 0) return true;
    std::string_view passed;
    if (size >= 0) {
      if (!take(static_cast<uint64_t>(size), &passed)) return false;
      continue;
    }
    for (uint64_t i = 0; i < count; ++i) {
      const char* const before = p_;
      if (type.kind == AvroKind::kMap && !text(&passed)) return false;
      if (!skip(*type.parts[0], depth + 1) || !bounded(before)) return false;
    }
  }
}

bool Reading::skip(const AvroType& type, int depth) {
  if (depth > kDepthMax) return fail(BadReason::kTooLong, "records are nested too deep");
  int64_t raw = 0;
  std::string_view passed;
  switch (type.kind) {
    case AvroKind::kNull:
      return true;
    case AvroKind::kBoolean:
      return take(1, &passed);
    case AvroKind::kInt:
    case AvroKind::kLong:
    case AvroKind::kEnum:
      return number(&raw);
    case AvroKind::kFloat:
      return take(4, &passed);
    case AvroKind::kDouble:
      return take(8, &passed);
    case AvroKind::kBytes:
    case AvroKind::kString:
      return text(&passed);
    case AvroKind::kFixed:
      return take(type.size, &passed);
    case AvroKind::kArray:
    case AvroKind::kMap:
      return skip_blocks(type, depth);
    case AvroKind::kUnion:
      if (!number(&raw)) return false;
      if (raw < 0 || static_cast<uint64_t>(raw) >= type.parts.size()) {
        return fail(BadReason::kSyntax,
                    fmt::format("a union of {} has no branch {}", type.parts.size(), raw));
      }
      return skip(*type.parts[static_cast<size_t>(raw)], depth + 1);
    case AvroKind::kRecord:
      for (const AvroField& field : type.fields) {
        if (!skip(*field.type, depth + 1)) return false;
      }
      return true;
  }
  return false;
}

bool Reading::integer(const AvroStep& step, size_t row) {
  int64_t value = 0;
  if (!number(&value)) return false;
  if (step.writer->kind == AvroKind::kInt && value != static_cast<int32_t>(value)) {
    return fail_at(step, BadReason::kSyntax, fmt::format("{} is no int", value));
  }
  ScalarTarget& target = *step.scalar;
  if (step.op == Op::kIntegerToDouble) {
    target.values<double>()[row] =
        step.as_float ? static_cast<double>(static_cast<float>(value)) : static_cast<double>(value);
    target.set_valid(row);
    return true;
  }
  int64_t stored = value;
  if (step.divide > 1) {  // down, also before 1970
    stored = value / step.divide - (value % step.divide < 0 ? 1 : 0);
  }
  const bool fits = !__builtin_mul_overflow(stored, step.multiply, &stored) && stored >= step.min &&
                    stored <= step.max;
  if (!fits) {
    return fail_at(step, BadReason::kOverflow,
                   fmt::format("{} is out of range of {}", value, step.type.to_string()));
  }
  if (step.step > 1 && stored % step.step != 0) {
    return fail_at(step, BadReason::kLostDigit,
                   fmt::format("{} µs has digits beyond {}", stored, step.type.to_string()));
  }
  target.values<int64_t>()[row] = stored;
  target.set_valid(row);
  return true;
}

/// Big endian, two's complement.
bool Reading::decimal(const AvroStep& step, size_t row) {
  std::string_view bytes;
  const bool fixed_size = step.writer->kind == AvroKind::kFixed;
  if (!(fixed_size ? take(step.writer->size, &bytes) : text(&bytes))) return false;
  const bool negative = !bytes.empty() && (bytes[0] & 0x80) != 0;
  const char sign = negative ? '\xff' : '\0';
  while (bytes.size() > 16 && bytes[0] == sign) bytes.remove_prefix(1);
  uint128_t raw = negative ? ~uint128_t{0} : 0;
  for (const char byte : bytes) raw = (raw << 8) | static_cast<uint8_t>(byte);
  int128_t value = static_cast<int128_t>(raw);
  const bool held = bytes.size() <= 16 && (value < 0) == negative;
  if (!held || !rescale(value, step.writer->scale, step.type.scale(), &value) ||
      !fits_precision(value, step.type.precision())) {
    return fail_at(
        step, BadReason::kOverflow,
        fmt::format("a decimal of {} bytes does not fit {}", bytes.size(), step.type.to_string()));
  }
  step.scalar->values<int128_t>()[row] = value;
  step.scalar->set_valid(row);
  return true;
}

bool Reading::set_text(const AvroStep& step, size_t row, std::string_view text, bool stable) {
  if (step.type.is_string() && !is_utf8(text)) {
    return fail(BadReason::kEncoding,
                field_error_message(step.path, step.type, text, FieldError::kEncoding));
  }
  step.scalar->set_string(row, text, stable);
  return true;
}

bool Reading::string(const AvroStep& step, size_t row) {
  std::string_view bytes;
  const bool fixed_size = step.writer->kind == AvroKind::kFixed;
  if (!(fixed_size ? take(step.writer->size, &bytes) : text(&bytes))) return false;
  return set_text(step, row, bytes, stable_);
}

bool Reading::uuid(const AvroStep& step, size_t row) {
  std::string_view bytes;
  if (!take(16, &bytes)) return false;
  std::string out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += "0123456789abcdef"[static_cast<uint8_t>(bytes[i]) >> 4];
    out += "0123456789abcdef"[bytes[i] & 0x0F];
  }
  return set_text(step, row, out, false);
}

bool Reading::enumeration(const AvroStep& step, size_t row) {
  int64_t number_of = 0;
  if (!number(&number_of)) return false;
  if (number_of < 0 || static_cast<uint64_t>(number_of) >= step.symbols.size()) {
    return fail_at(step, BadReason::kSyntax, fmt::format("the enum has no symbol {}", number_of));
  }
  const std::string& symbol = step.symbols[static_cast<size_t>(number_of)];
  if (symbol.empty()) {
    return fail_at(step, BadReason::kValue,
                   fmt::format("the schema that is read by has no symbol '{}', and no default",
                               step.writer->symbols[static_cast<size_t>(number_of)]));
  }
  return set_text(step, row, symbol, false);
}

bool Reading::branch(const AvroStep& step, size_t row) {
  int64_t number_of = 0;
  if (!number(&number_of)) return false;
  if (number_of < 0 || static_cast<uint64_t>(number_of) >= step.parts.size()) {
    return fail_at(step, BadReason::kSyntax,
                   fmt::format("a union of {} has no branch {}", step.parts.size(), number_of));
  }
  return value(step.parts[static_cast<size_t>(number_of)], row);
}

bool Reading::record(const AvroStep& step, size_t row) {
  if (step.row) step.row->set_valid(row);
  for (const AvroStep& part : step.parts) {
    const bool read = part.op == Op::kSkip ? skip(*part.writer, 0) : value(part, row);
    if (!read) return false;
  }
  for (const AvroStep::Missing& missing : step.missing) {
    Reading standard(missing.bytes, false, problem_);
    if (!standard.value(missing.step, row)) return false;
  }
  return true;
}

/// A key and a value, or a value, at a new place of the list. Each place is written, whatever
/// comes.
bool Reading::element(const AvroStep& step, bool map) {
  const AvroStep& part = step.parts[0];
  const size_t place = step.list->add();
  if (map) {
    auto& keys = static_cast<ScalarTarget&>(step.list->elements(0));
    std::string_view key;
    bool read = text(&key);
    if (read && !is_utf8(key)) {
      read = fail(BadReason::kEncoding,
                  field_error_message(step.path, Type::string(), key, FieldError::kEncoding));
    }
    if (!read) {
      keys.set_null(place);
      part.target->set_null(place);
      return false;
    }
    keys.set_string(place, key, stable_);
  }
  if (value(part, place)) return true;
  part.target->set_null(place);
  return false;
}

bool Reading::list(const AvroStep& step, size_t row) {
  const bool map = step.op == Op::kMap;
  step.list->begin(row);
  while (true) {
    uint64_t count = 0;
    int64_t size = -1;
    if (!block(&count, &size)) return false;
    if (count == 0) break;
    for (uint64_t i = 0; i < count; ++i) {
      const char* const before = p_;
      if (!element(step, map) || !bounded(before)) return false;
    }
  }
  step.list->end(row);
  return true;
}

bool Reading::value(const AvroStep& step, size_t row) {
  switch (step.op) {
    case Op::kSkip:
      return skip(*step.writer, 0);
    case Op::kRefuse:
      return fail(BadReason::kValue, step.problem);
    case Op::kNull:
      step.target->set_null(row);
      return true;
    case Op::kBoolean: {
      uint8_t byte = 0;
      if (!fixed(&byte)) return false;
      if (byte > 1) return fail_at(step, BadReason::kSyntax, "a boolean is 0 or 1");
      step.scalar->values<uint8_t>()[row] = byte;
      step.scalar->set_valid(row);
      return true;
    }
    case Op::kInteger:
    case Op::kIntegerToDouble:
      return integer(step, row);
    case Op::kFloat: {
      float single = 0;
      if (!fixed(&single)) return false;
      step.scalar->values<double>()[row] = static_cast<double>(single);
      step.scalar->set_valid(row);
      return true;
    }
    case Op::kDouble:
      if (!fixed(step.scalar->values<double>() + row)) return false;
      step.scalar->set_valid(row);
      return true;
    case Op::kDecimal:
      return decimal(step, row);
    case Op::kText:
      return string(step, row);
    case Op::kUuid:
      return uuid(step, row);
    case Op::kEnum:
      return enumeration(step, row);
    case Op::kUnion:
      return branch(step, row);
    case Op::kRecord:
      return record(step, row);
    case Op::kArray:
    case Op::kMap:
      return list(step, row);
  }
  return false;
}

}  // namespace

bool AvroReader::read_next(std::string_view& bytes, const AvroStep& step, size_t row, bool stable) {
  Reading reading(bytes, stable, problem_);
  if (!reading.value(step, row)) return false;
  bytes = reading.rest();
  return true;
}

bool AvroReader::read(std::string_view bytes, const AvroStep& step, size_t row, bool stable) {
  Reading reading(bytes, stable, problem_);
  return reading.value(step, row) && reading.whole();
}

}  // namespace velo
