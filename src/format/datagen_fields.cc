#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "base/fmt.h"
#include "base/random.h"
#include "column/decimal.h"
#include "column/time_text.h"
#include "format/column_target.h"
#include "format/datagen_decoder.h"

namespace velo {
namespace {

constexpr uint64_t kDictionaryMax = 65536;

/// Random bits of a row: the same for the same (seed, use, row).
uint64_t bits_of(uint64_t seed, uint64_t row) { return mix64(row * 0x9e3779b97f4a7c15ULL + seed); }
uint64_t scaled(uint64_t bits, uint64_t bound) {
  return static_cast<uint64_t>((static_cast<uint128_t>(bits) * bound) >> 64);
}
double unit_of(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

/// NULLs at a rate, on top of the values.
class Nulls {
 public:
  Nulls(uint64_t seed, double rate) : seed_(mix64(seed ^ 0x6e756c6c)), rate_(rate) {}
  BufferPtr make(uint64_t first, size_t rows) const {
    if (rate_ <= 0) return nullptr;
    NullRows out;
    out.start(rows);
    for (size_t i = 0; i < rows; ++i) {
      if (unit_of(bits_of(seed_, first + i)) < rate_) out.set_null(i);
    }
    return out.finish();
  }

 private:
  uint64_t seed_;
  double rate_;
};

/// A column whose values are computed one by one: `value(row)`.
template <typename T, typename Value>
class ComputedField final : public FieldGenerator {
 public:
  ComputedField(Type type, Nulls nulls, Value value)
      : type_(std::move(type)), nulls_(nulls), value_(std::move(value)) {}
  ColumnPtr make(uint64_t first, size_t rows) override {
    std::shared_ptr<Buffer> values = Buffer::allocate(rows * sizeof(T));
    T* const out = values->template as<T>();
    for (size_t i = 0; i < rows; ++i) out[i] = value_(first + i);
    return Column::flat(type_, rows, std::move(values), nulls_.make(first, rows));
  }

 private:
  Type type_;
  Nulls nulls_;
  Value value_;
};

template <typename T, typename Value>
std::unique_ptr<FieldGenerator> computed(const Type& type, Nulls nulls, Value value) {
  return std::make_unique<ComputedField<T, Value>>(type, nulls, std::move(value));
}

/// A number below `distinct` (random, or the row's own in turn), as a whole number.
struct Pick {
  uint64_t seed;
  uint64_t distinct;  ///< 0 = 2^64
  bool in_turn;
  uint64_t operator()(uint64_t row) const {
    if (in_turn) return distinct == 0 ? row : row % distinct;
    const uint64_t bits = bits_of(seed, row);
    return distinct == 0 ? bits : scaled(bits, distinct);
  }
};

/// prefix + number, dictionary-encoded: entry i of the dictionary is number i.
class NumberedStrings final : public FieldGenerator {
 public:
  NumberedStrings(Type type, Nulls nulls, Pick pick, const std::string& prefix, uint64_t start)
      : type_(std::move(type)), nulls_(nulls), pick_(pick),
        entries_(std::make_shared<StringDictionary>()) {
    for (uint64_t i = 0; i < pick.distinct; ++i) {
      entries_->append(fmt::format("{}{}", prefix, start + i));
    }
  }
  ColumnPtr make(uint64_t first, size_t rows) override {
    std::shared_ptr<Buffer> indices = Buffer::allocate(rows * sizeof(uint32_t));
    auto* const out = indices->as<uint32_t>();
    for (size_t i = 0; i < rows; ++i) out[i] = static_cast<uint32_t>(pick_(first + i));
    return Column::dictionary(type_, rows, std::move(indices), entries_, nulls_.make(first, rows));
  }

 private:
  Type type_;
  Nulls nulls_;
  Pick pick_;
  std::shared_ptr<StringDictionary> entries_;
};

/// Texts written one by one into a buffer of the column.
template <typename Write>
class WrittenStrings final : public FieldGenerator {
 public:
  WrittenStrings(Type type, Nulls nulls, Write write)
      : type_(std::move(type)), nulls_(nulls), write_(std::move(write)) {}
  ColumnPtr make(uint64_t first, size_t rows) override {
    text_.clear();
    std::vector<size_t> ends(rows);
    for (size_t i = 0; i < rows; ++i) {
      write_(first + i, text_);
      ends[i] = text_.size();
    }
    std::shared_ptr<Buffer> bytes = Buffer::allocate(text_.size());
    std::copy(text_.begin(), text_.end(), bytes->as<char>());
    std::shared_ptr<Buffer> values = Buffer::allocate(rows * sizeof(StringRef));
    size_t begin = 0;
    for (size_t i = 0; i < rows; ++i) {
      values->as<StringRef>()[i] =
          StringRef(bytes->as<char>() + begin, static_cast<uint32_t>(ends[i] - begin));
      begin = ends[i];
    }
    return Column::flat(type_, rows, std::move(values), nulls_.make(first, rows), {bytes});
  }

 private:
  Type type_;
  Nulls nulls_;
  Write write_;
  std::string text_;
};

template <typename Write>
std::unique_ptr<FieldGenerator> written(const Type& type, Nulls nulls, Write write) {
  return std::make_unique<WrittenStrings<Write>>(type, nulls, std::move(write));
}

/// What may be said about one column, read with its place in messages.
class FieldReader {
 public:
  FieldReader(const Field& field, const FieldOptions& options) : field_(field), options_(options) {}

  bool has(std::string_view name) const { return options_.find(name) != options_.end(); }
  std::string_view text(std::string_view name) const {
    const auto found = options_.find(name);
    return found == options_.end() ? std::string_view() : std::string_view(found->second);
  }
  Error wrong(std::string_view name, std::string_view wanted) const {
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("option 'fields.{}.{}' = '{}': {} is wanted", field_.name, name,
                             text(name), wanted));
  }
  Result<int64_t> integer(std::string_view name, int64_t absent) const {
    if (!has(name)) return absent;
    int64_t out;
    if (read_integer({Type::bigint()}, text(name), &out) != FieldError::kOk) {
      return wrong(name, "a whole number");
    }
    return out;
  }
  Result<double> real(std::string_view name, double absent, double least, double most) const {
    if (!has(name)) return absent;
    double out;
    if (read_double({Type::float64()}, text(name), &out) != FieldError::kOk ||
        !(out >= least && out <= most)) {
      return wrong(name, fmt::format("a number from {} to {}", least, most));
    }
    return out;
  }
  Result<int64_t> duration(std::string_view name, int64_t absent) const {
    if (!has(name)) return absent;
    const std::optional<int64_t> out = parse_duration_us(text(name));
    if (!out || *out < 0) return wrong(name, "a duration such as '5 s'");
    return *out;
  }
  /// Only options in `known`.
  Status check(std::span<const std::string> known) const {
    for (const auto& [name, value] : options_) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      std::string hint = did_you_mean(name, known);
      if (hint.empty()) {
        hint = fmt::format("a {} column takes:", field_.type.to_string());
        for (const std::string& k : known) hint += ' ' + k;
      }
      return Error(ErrorCode::kUnknownOption,
                   fmt::format("option 'fields.{}.{}' is not known", field_.name, name))
          .with_hint(std::move(hint));
    }
    return {};
  }
  Result<bool> in_turn() const {
    const std::string_view kind = text("kind");
    if (kind.empty() || kind == "random") return false;
    if (kind == "sequence") return true;
    return wrong("kind", "'random' or 'sequence'");
  }
  const Field& field() const { return field_; }

 private:
  const Field& field_;
  const FieldOptions& options_;
};

/// Least value and number of values (0 = 2^64) of a whole-number column.
struct WholeRange {
  int64_t least;
  uint64_t count;
};

Result<WholeRange> whole_range(const FieldReader& reader, bool in_turn, int64_t type_min,
                               int64_t type_max) {
  const int64_t least = TRY(reader.integer(in_turn ? "start" : "min", in_turn ? 0 : type_min));
  int64_t most = TRY(reader.integer(in_turn ? "end" : "max", type_max));
  if (reader.has("distinct")) {
    const int64_t distinct = TRY(reader.integer("distinct", 1));
    if (distinct < 1) return reader.wrong("distinct", "a number above 0");
    const int64_t base = reader.has("min") ? least : 0;
    return WholeRange{base, static_cast<uint64_t>(distinct)};
  }
  if (least > most || least < type_min || most > type_max) {
    return reader.wrong(in_turn ? "start" : "min",
                        fmt::format("a range within [{}, {}]", type_min, type_max));
  }
  return WholeRange{least, static_cast<uint64_t>(most) - static_cast<uint64_t>(least) + 1};
}

Result<std::unique_ptr<FieldGenerator>> whole_field(const FieldReader& reader, uint64_t seed,
                                                    Nulls nulls) {
  const Type& type = reader.field().type;
  TRY(reader.check(std::array<std::string, 7>{"kind", "min", "max", "start", "end", "distinct",
                                              "null-rate"}));
  const bool in_turn = TRY(reader.in_turn());
  const bool integer = type.is_integer();
  const int64_t type_min = integer ? type.integer_min() : 0;
  const int64_t type_max = integer ? type.integer_max() : kUsPerDay / type.step_us() - 1;
  const WholeRange range = TRY(whole_range(reader, in_turn, type_min, type_max));
  const Pick pick{seed, range.count, in_turn};
  const auto step = static_cast<uint64_t>(integer ? 1 : type.step_us());
  const auto least = static_cast<uint64_t>(range.least);
  return computed<int64_t>(type, nulls, [pick, least, step](uint64_t row) {
    return static_cast<int64_t>((least + pick(row)) * step);
  });
}

Result<std::unique_ptr<FieldGenerator>> double_field(const FieldReader& reader, uint64_t seed,
                                                     Nulls nulls) {
  const Type& type = reader.field().type;
  TRY(reader.check(std::array<std::string, 5>{"kind", "min", "max", "start", "null-rate"}));
  constexpr double kMost = std::numeric_limits<double>::max();
  if (TRY(reader.in_turn())) {
    const double start = TRY(reader.real("start", 0, -kMost, kMost));
    return computed<double>(type, nulls, [start](uint64_t row) {
      return start + static_cast<double>(row);
    });
  }
  const double least = TRY(reader.real("min", 0, -kMost, kMost));
  const double most = TRY(reader.real("max", std::max(1.0, least), -kMost, kMost));
  if (least > most) return reader.wrong("min", "a number not above 'max'");
  const bool single = type.kind() == TypeKind::kFloat;
  return computed<double>(type, nulls, [=](uint64_t row) {
    const double value = least + (most - least) * unit_of(bits_of(seed, row));
    return single ? static_cast<double>(static_cast<float>(value)) : value;
  });
}

Result<std::unique_ptr<FieldGenerator>> decimal_field(const FieldReader& reader, uint64_t seed,
                                                      Nulls nulls) {
  const Type& type = reader.field().type;
  TRY(reader.check(std::array<std::string, 4>{"kind", "min", "max", "null-rate"}));
  const int128_t largest = power_of_ten(std::min(type.precision(), 18)) - 1;
  int128_t least = 0, most = largest;
  for (const auto& [name, bound] : {std::pair{"min", &least}, std::pair{"max", &most}}) {
    if (reader.has(name) && read_decimal({type}, reader.text(name), bound) != FieldError::kOk) {
      return reader.wrong(name, fmt::format("a {}", type.to_string()));
    }
  }
  if (least > most || most - least > largest)
    return reader.wrong("min", "a number not above 'max'");
  const bool in_turn = TRY(reader.in_turn());
  const Pick pick{seed, static_cast<uint64_t>(most - least) + 1, in_turn};
  return computed<int128_t>(type, nulls, [pick, least](uint64_t row) {
    return least + static_cast<int128_t>(pick(row));
  });
}

Result<std::unique_ptr<FieldGenerator>> string_field(const FieldReader& reader, uint64_t seed,
                                                     Nulls nulls) {
  const Type& type = reader.field().type;
  TRY(reader.check(std::array<std::string, 7>{"kind", "length", "prefix", "distinct", "start",
                                              "end", "null-rate"}));
  const bool in_turn = TRY(reader.in_turn());
  const std::string prefix(reader.text("prefix"));
  if (in_turn || reader.has("distinct")) {
    const WholeRange range = TRY(whole_range(reader, in_turn, 0, INT64_MAX));
    const Pick pick{seed, range.count, in_turn};
    const auto start = static_cast<uint64_t>(in_turn ? range.least : 0);
    if (range.count <= kDictionaryMax && type.is_string()) {
      return std::unique_ptr<FieldGenerator>(
          new NumberedStrings(type, nulls, pick, prefix, start));
    }
    return written(type, nulls, [=](uint64_t row, std::string& out) {
      out += prefix;
      out += std::to_string(start + pick(row));
    });
  }
  const int64_t length = TRY(reader.integer("length", 16));
  if (length < 0 || length > (1 << 20)) return reader.wrong("length", "0 to 1048576");
  return written(type, nulls, [=](uint64_t row, std::string& out) {
    out += prefix;
    uint64_t bits = 0;
    for (int64_t i = 0; i < length; ++i) {
      if (i % 16 == 0) bits = bits_of(seed + static_cast<uint64_t>(i), row);
      out.push_back("0123456789abcdef"[bits & 15]);
      bits >>= 4;
    }
  });
}

/// A clock that ticks `step` per row, with rows that come too late.
struct Ticks {
  uint64_t seed;
  int64_t start, step, disorder, late_by;
  double late_fraction;
  int64_t operator()(uint64_t row) const {
    int64_t us = start + static_cast<int64_t>(row) * step;
    if (disorder > 0) {
      us -= static_cast<int64_t>(scaled(bits_of(seed, row), static_cast<uint64_t>(disorder) + 1));
    }
    if (late_fraction > 0 && unit_of(bits_of(~seed, row)) < late_fraction) us -= late_by;
    return us;
  }
};

Result<std::unique_ptr<FieldGenerator>> time_field(const FieldReader& reader, uint64_t seed,
                                                   Nulls nulls) {
  const Type& type = reader.field().type;
  TRY(reader.check(std::array<std::string, 7>{"kind", "start", "step", "disorder", "late-fraction",
                                              "late-by", "null-rate"}));
  const bool date = type.kind() == TypeKind::kDate;
  constexpr int64_t kNewYear2024 = 19723 * kUsPerDay;
  Ticks ticks{seed, kNewYear2024, 0, 0, 0, 0};
  if (reader.has("start")) {
    const std::optional<int64_t> start = parse_timestamp(reader.text("start"), true);
    if (!start) return reader.wrong("start", "a time such as '2024-01-01T00:00:00'");
    ticks.start = *start;
  }
  ticks.step = TRY(reader.duration("step", date ? kUsPerDay : 1000));
  ticks.disorder = TRY(reader.duration("disorder", 0));
  ticks.late_by = TRY(reader.duration("late-by", 0));
  ticks.late_fraction = TRY(reader.real("late-fraction", 0, 0, 1));
  const int64_t grain = date ? kUsPerDay : type.step_us();
  const int64_t unit = date ? 1 : grain;
  if (!date && ticks.step % grain == 0 && ticks.start % grain == 0 && ticks.disorder == 0 &&
      ticks.late_fraction == 0) {
    return computed<int64_t>(type, nulls, [ticks](uint64_t row) {
      return ticks.start + static_cast<int64_t>(row) * ticks.step;
    });
  }
  return computed<int64_t>(type, nulls, [=](uint64_t row) {
    return floor_div(ticks(row), grain) * unit;
  });
}

}  // namespace

Result<std::unique_ptr<FieldGenerator>> make_field_generator(const Field& field,
                                                             const FieldOptions& options,
                                                             uint64_t seed) {
  const FieldReader reader(field, options);
  const Nulls nulls(seed, TRY(reader.real("null-rate", 0, 0, 1)));
  switch (field.type.kind()) {
    case TypeKind::kBoolean:
      TRY(reader.check(std::array<std::string, 2>{"kind", "null-rate"}));
      return computed<uint8_t>(field.type, nulls, [seed](uint64_t row) {
        return static_cast<uint8_t>(bits_of(seed, row) >> 63);
      });
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInteger:
    case TypeKind::kBigInt:
    case TypeKind::kTime: return whole_field(reader, seed, nulls);
    case TypeKind::kFloat:
    case TypeKind::kDouble: return double_field(reader, seed, nulls);
    case TypeKind::kDecimal: return decimal_field(reader, seed, nulls);
    case TypeKind::kString:
    case TypeKind::kBytes: return string_field(reader, seed, nulls);
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: return time_field(reader, seed, nulls);
    default:
      return Error(ErrorCode::kNotSupported,
                   fmt::format("connector 'datagen' cannot make column '{}' of type {}", field.name,
                               field.type.to_string()));
  }
}

}  // namespace velo
