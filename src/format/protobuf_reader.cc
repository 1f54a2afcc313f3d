#include "format/protobuf_reader.h"

#include <bit>
#include <cstring>

#include "base/fmt.h"
#include "column/decimal.h"
#include "column/time_text.h"
#include "format/wire_bytes.h"

// The way of a message: tag by tag. A field that is read is written where its step says; which were
// there is kept in `seen_`, and the others are filled at the end, so that no row is written for
// nothing. A message that comes in parts is merged: its later parts leave alone what they have not.
//
// Invariant of lists: while a row is read only the list of that row grows, so that its elements
// stand one behind the other.

namespace velo {
namespace {

using Op = ProtoStep::Op;
using Missing = ProtoStep::Missing;

constexpr int kDepthMax = 100;        // as the library's
constexpr size_t kKeysSearched = 16;  // longer maps get an index

/// 0001-01-01T00:00:00Z … 9999-12-31T23:59:59Z
constexpr int64_t kSecondsMin = -62'135'596'800;
constexpr int64_t kSecondsMax = 253'402'300'799;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

}  // namespace

class ProtoReading {
 public:
  ProtoReading(ProtoReader& reader, std::string_view bytes, bool stable)
      : reader_(reader), p_(bytes.data()), end_(bytes.data() + bytes.size()), stable_(stable) {}

  /// Up to `end_`, or to the end of the group of this number. `merge`: behind another part of it.
  bool message(const ProtoMessageStep& step, size_t row, bool merge, uint32_t group);

 private:
  bool fail(BadReason reason, std::string message) {
    reader_.problem_ = {reason, std::move(message)};
    return false;
  }
  bool fail_at(const ProtoStep& step, BadReason reason, std::string_view why) {
    return fail(reason, fmt::format("column '{}': {}", step.path, why));
  }
  bool ends() { return fail(BadReason::kTruncated, "the message ends inside a field"); }

  bool varint(uint64_t* out, int bytes_max = 10);
  bool tag(uint32_t* out);
  bool take(size_t bytes, std::string_view* out) {
    if (bytes > static_cast<size_t>(end_ - p_)) return ends();
    *out = {p_, bytes};
    p_ += bytes;
    return true;
  }
  template <typename T>
  bool fixed(T* out) {
    std::string_view bytes;
    if (!take(sizeof(T), &bytes)) return false;
    std::memcpy(out, bytes.data(), sizeof(T));
    return true;
  }
  /// Bytes behind their number.
  bool text(std::string_view* out) {
    uint64_t bytes = 0;
    if (!varint(&bytes, 5)) return false;
    if (bytes > INT32_MAX) {
      return fail(BadReason::kSyntax, "a length has more than 31 bits");
    }
    return take(bytes, out);
  }
  /// The bits of a number: an int64, or those of a double or float.
  bool bits(ProtoKind kind, uint64_t* out);

  bool skip(uint32_t number, ProtoWire wire);
  bool skip_group(uint32_t number);
  bool clear(const ProtoStep& step, ProtoWire wire, bool* cleared);
  bool end_rivals(const ProtoMessageStep& message, const ProtoStep& step, size_t row, bool merge,
                  uint64_t serial);

  bool field(const ProtoMessageStep& message, const ProtoStep& step, ProtoWire wire, size_t row,
             bool merge, uint64_t serial);
  bool repeated(const ProtoStep& step, ProtoWire wire, size_t row);
  bool packed(const ProtoStep& step);
  bool element(const ProtoStep& step);
  bool map_entry(const ProtoStep& step, size_t row);
  void replace_same_key(const ProtoStep& step, size_t row, size_t place);
  /// A message behind its length, or a group.
  bool nested(const ProtoStep& step, const ProtoMessageStep& parts, size_t row, bool merge);

  /// One value. `*taken`: false if it is as if it had not come.
  bool value(const ProtoStep& step, size_t row, bool merge, bool* taken);
  bool store_bits(const ProtoStep& step, uint64_t bits, size_t row);
  bool store_integer(const ProtoStep& step, uint64_t bits, size_t row);
  bool store_text(const ProtoStep& step, std::string_view text, size_t row, bool stable);
  bool timestamp(const ProtoStep& step, size_t row, bool merge);

  bool fill_missing(const ProtoMessageStep& message, size_t row, uint64_t serial);
  bool fill(const ProtoStep& step, size_t row);
  bool fill_default(const ProtoStep& step, size_t row);

  ProtoReader& reader_;
  const char* p_;
  const char* end_;
  bool stable_;
  int depth_ = 0;
};

bool ProtoReading::varint(uint64_t* out, int bytes_max) {
  uint64_t value = 0;
  for (int i = 0; i < bytes_max; ++i) {
    if (p_ == end_) return ends();
    const auto byte = static_cast<uint8_t>(*p_++);
    value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      *out = value;
      return true;
    }
  }
  return fail(BadReason::kSyntax, fmt::format("a number has more than {} bytes", bytes_max));
}

/// The library passes over what is beyond 32 bits.
bool ProtoReading::tag(uint32_t* out) {
  uint64_t value = 0;
  if (!varint(&value, 5)) return false;
  *out = static_cast<uint32_t>(value);
  return true;
}

bool ProtoReading::bits(ProtoKind kind, uint64_t* out) {
  uint32_t half = 0;
  switch (wire_of(kind)) {
    case ProtoWire::kFixed64:
      return fixed(out);
    case ProtoWire::kFixed32:
      if (!fixed(&half)) return false;
      *out = kind == ProtoKind::kSfixed32
                 ? static_cast<uint64_t>(int64_t{static_cast<int32_t>(half)})
                 : half;
      return true;
    default:
      break;
  }
  if (!varint(out)) return false;
  switch (kind) {
    case ProtoKind::kInt32:
    case ProtoKind::kEnum:
      *out = static_cast<uint64_t>(int64_t{static_cast<int32_t>(*out)});
      return true;
    case ProtoKind::kUint32:
      *out = static_cast<uint32_t>(*out);
      return true;
    case ProtoKind::kSint32:
      *out = static_cast<uint64_t>(unzigzag(static_cast<uint32_t>(*out)));
      return true;
    case ProtoKind::kSint64:
      *out = static_cast<uint64_t>(unzigzag(*out));
      return true;
    case ProtoKind::kBool:
      *out = *out != 0 ? 1 : 0;
      return true;
    default:
      return true;
  }
}

bool ProtoReading::skip_group(uint32_t number) {
  if (++depth_ > kDepthMax) return fail(BadReason::kTooLong, "messages are nested too deep");
  while (p_ < end_) {
    uint32_t raw = 0;
    if (!tag(&raw)) return false;
    const auto wire = static_cast<ProtoWire>(raw & 7);
    if (wire == ProtoWire::kGroupEnd && raw >> 3 == number) {
      --depth_;
      return true;
    }
    if (!skip(raw >> 3, wire)) return false;
  }
  return ends();
}

bool ProtoReading::skip(uint32_t number, ProtoWire wire) {
  if (number == 0) return fail(BadReason::kSyntax, "a field has the number 0");
  std::string_view passed;
  uint64_t raw = 0;
  switch (wire) {
    case ProtoWire::kVarint:
      return varint(&raw);
    case ProtoWire::kFixed64:
      return take(8, &passed);
    case ProtoWire::kFixed32:
      return take(4, &passed);
    case ProtoWire::kLength:
      return text(&passed);
    case ProtoWire::kGroupStart:
      return skip_group(number);
    case ProtoWire::kGroupEnd:
      return fail(BadReason::kSyntax, "a group ends that has not begun");
  }
  return fail(BadReason::kSyntax,
              fmt::format("a field is of the unknown wire type {}", static_cast<int>(wire)));
}

bool ProtoReading::message(const ProtoMessageStep& step, size_t row, bool merge, uint32_t group) {
  const uint64_t serial = ++reader_.messages_;
  while (p_ < end_) {
    uint32_t raw = 0;
    if (!tag(&raw)) return false;
    const uint32_t number = raw >> 3;
    const auto wire = static_cast<ProtoWire>(raw & 7);
    if (wire == ProtoWire::kGroupEnd && group != 0 && number == group) {
      return merge || fill_missing(step, row, serial);
    }
    const ProtoStep* const part = step.find(number);
    const bool known =
        part &&
        (wire == wire_of(part->field->kind) ||
         (wire == ProtoWire::kLength && part->field->repeated && is_packable(part->field->kind)));
    if (!(known ? field(step, *part, wire, row, merge, serial) : skip(number, wire))) return false;
  }
  if (group != 0) return ends();
  return merge || fill_missing(step, row, serial);
}

bool ProtoReading::nested(const ProtoStep& step, const ProtoMessageStep& parts, size_t row,
                          bool merge) {
  if (++depth_ > kDepthMax) return fail(BadReason::kTooLong, "messages are nested too deep");
  bool read = false;
  if (step.field->kind == ProtoKind::kGroup) {
    read = message(parts, row, merge, step.field->number);
  } else {
    std::string_view inside;
    if (!text(&inside)) return false;
    const char* const outer_p = p_;
    const char* const outer_end = end_;
    p_ = inside.data();
    end_ = inside.data() + inside.size();
    read = message(parts, row, merge, 0);
    p_ = outer_p;
    end_ = outer_end;
  }
  --depth_;
  return read;
}

/// Passes over a field that nobody reads.
bool ProtoReading::clear(const ProtoStep& step, ProtoWire wire, bool* cleared) {
  const ProtoEnum* const closed = step.field->enumeration;
  if (!closed || !closed->closed) return skip(step.field->number, wire);
  uint64_t number = 0;
  if (!bits(step.field->kind, &number)) return false;
  *cleared = closed->names.contains(static_cast<int32_t>(number));
  return true;
}

/// Of a oneof only the last field is there.
bool ProtoReading::end_rivals(const ProtoMessageStep& message, const ProtoStep& step, size_t row,
                              bool merge, uint64_t serial) {
  for (const uint16_t place : step.rivals) {
    const ProtoStep& rival = message.fields[place];
    if (!merge && reader_.seen_[rival.id] != serial) continue;
    reader_.seen_[rival.id] = 0;
    if (!fill(rival, row)) return false;
  }
  return true;
}

bool ProtoReading::field(const ProtoMessageStep& message, const ProtoStep& step, ProtoWire wire,
                         size_t row, bool merge, uint64_t serial) {
  bool taken = true;
  if (step.op == Op::kClear) {
    if (!clear(step, wire, &taken)) return false;
    return !taken || end_rivals(message, step, row, merge, serial);
  }
  uint64_t& seen = reader_.seen_[step.id];
  if (step.list) {
    if (seen != serial && !merge) step.list->begin(row);
    seen = serial;
    return repeated(step, wire, row);
  }
  const bool merges = seen == serial || (merge && !step.target->is_null(row));
  if (!value(step, row, merges, &taken)) return false;
  if (!taken) return true;
  seen = serial;
  return end_rivals(message, step, row, merge, serial);
}

bool ProtoReading::repeated(const ProtoStep& step, ProtoWire wire, size_t row) {
  if (step.op == Op::kMap) {
    if (!map_entry(step, row)) return false;
  } else if (wire == ProtoWire::kLength && is_packable(step.field->kind)) {
    if (!packed(step)) return false;
  } else if (!element(step)) {
    return false;
  }
  step.list->end(row);
  return true;
}

bool ProtoReading::packed(const ProtoStep& step) {
  std::string_view inside;
  if (!text(&inside)) return false;
  const char* const outer_p = p_;
  const char* const outer_end = end_;
  p_ = inside.data();
  end_ = inside.data() + inside.size();
  while (p_ < end_) {
    if (!element(step)) return false;
  }
  p_ = outer_p;
  end_ = outer_end;
  return true;
}

/// Each place that is added is written, whatever comes.
bool ProtoReading::element(const ProtoStep& step) {
  const size_t place = step.list->add();
  bool taken = true;
  const bool read = value(step, place, false, &taken);
  if (!read) step.target->set_null(place);
  if (!taken) step.list->take_back();
  return read;
}

bool ProtoReading::map_entry(const ProtoStep& step, size_t row) {
  const size_t place = step.list->add();
  const bool read = nested(step, step.parts, place, false);
  if (read) {
    replace_same_key(step, row, place);
  } else {
    for (size_t i = 0; i < 2; ++i) step.list->elements(i).set_null(place);
  }
  return read;
}

/// Of entries with one key the last counts. `place`: of the last.
void ProtoReading::replace_same_key(const ProtoStep& step, size_t row, size_t place) {
  const auto& keys = static_cast<const ScalarTarget&>(step.list->elements(0));
  const size_t first = step.list->first(row);
  const std::string_view key = keys.bytes_at(place);
  size_t same = place;
  if (place - first < kKeysSearched) {
    same = first;
    while (same < place && keys.bytes_at(same) != key) ++same;
  } else {
    ProtoReader::Keys& known = reader_.keys_[step.id];
    if (known.record != reader_.records_ || known.first != first) {
      known = {reader_.records_, first, {}};
      for (size_t at = first; at < place; ++at) known.places.emplace(keys.bytes_at(at), at);
    }
    same = known.places.try_emplace(std::string(key), place).first->second;
  }
  if (same == place) return;
  for (size_t i = 0; i < 2; ++i) step.list->elements(i).move_row(place, same);
  step.list->take_back();
}

bool ProtoReading::store_text(const ProtoStep& step, std::string_view text, size_t row,
                              bool stable) {
  if (step.type.is_string() && !is_utf8(text)) {
    return fail(BadReason::kEncoding,
                field_error_message(step.path, step.type, text, FieldError::kEncoding));
  }
  step.scalar->set_string(row, text, stable);
  return true;
}

bool ProtoReading::store_integer(const ProtoStep& step, uint64_t bits, size_t row) {
  const ProtoKind kind = step.field->kind;
  const bool is_unsigned = kind == ProtoKind::kUint64 || kind == ProtoKind::kFixed64;
  const auto number = static_cast<int64_t>(bits);
  bool fits = !is_unsigned || number >= 0;
  if (step.op == Op::kInteger) {
    fits = fits && number >= step.min && number <= step.max;
    if (fits) step.scalar->values<int64_t>()[row] = number;
  } else {
    int128_t decimal = is_unsigned ? static_cast<int128_t>(bits) : static_cast<int128_t>(number);
    fits = rescale(decimal, 0, step.type.scale(), &decimal) &&
           fits_precision(decimal, step.type.precision());
    if (fits) step.scalar->values<int128_t>()[row] = decimal;
  }
  if (!fits) {
    return fail_at(step, BadReason::kOverflow,
                   fmt::format("{} is out of range of {}",
                               is_unsigned ? fmt::format("{}", bits) : fmt::format("{}", number),
                               step.type.to_string()));
  }
  step.scalar->set_valid(row);
  return true;
}

bool ProtoReading::store_bits(const ProtoStep& step, uint64_t bits, size_t row) {
  switch (step.op) {
    case Op::kBoolean:
      step.scalar->values<uint8_t>()[row] = static_cast<uint8_t>(bits);
      break;
    case Op::kDouble:
      step.scalar->values<double>()[row] = std::bit_cast<double>(bits);
      break;
    case Op::kFloat:
      step.scalar->values<double>()[row] =
          static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
      break;
    case Op::kEnum: {
      // A number without a name is shown as such, as JSON shows it.
      const std::map<int32_t, std::string>& names = step.field->enumeration->names;
      const auto found = names.find(static_cast<int32_t>(bits));
      if (found != names.end()) return store_text(step, found->second, row, false);
      return store_text(step, fmt::format("{}", static_cast<int32_t>(bits)), row, false);
    }
    default:
      return store_integer(step, bits, row);
  }
  step.scalar->set_valid(row);
  return true;
}

/// Seconds and nanoseconds, cut to microseconds.
bool ProtoReading::timestamp(const ProtoStep& step, size_t row, bool merge) {
  std::string_view inside;
  if (!text(&inside)) return false;
  int64_t seconds = 0;
  int64_t nanos = 0;
  if (merge) {
    const int64_t before = step.scalar->values<int64_t>()[row];
    seconds = floor_div(before, kUsPerSecond);
    nanos = (before - seconds * kUsPerSecond) * 1000;
  }
  const char* const outer_p = p_;
  const char* const outer_end = end_;
  p_ = inside.data();
  end_ = inside.data() + inside.size();
  while (p_ < end_) {
    constexpr uint32_t kSeconds = 1 << 3;
    constexpr uint32_t kNanos = 2 << 3;
    uint32_t part = 0;
    uint64_t raw = 0;
    if (!tag(&part)) return false;
    const bool wanted = part == kSeconds || part == kNanos;
    if (!(wanted ? varint(&raw) : skip(part >> 3, static_cast<ProtoWire>(part & 7)))) return false;
    if (part == kSeconds) seconds = static_cast<int64_t>(raw);
    if (part == kNanos) nanos = static_cast<int32_t>(raw);
  }
  p_ = outer_p;
  end_ = outer_end;
  const bool fits =
      seconds >= kSecondsMin && seconds <= kSecondsMax && nanos >= 0 && nanos < kNanosPerSecond;
  if (!fits) {
    return fail_at(step, BadReason::kOverflow,
                   fmt::format("{} s and {} ns is no google.protobuf.Timestamp", seconds, nanos));
  }
  const int64_t us = seconds * kUsPerSecond + nanos / 1000;
  if (us % step.type.step_us() != 0) {
    return fail_at(step, BadReason::kLostDigit,
                   fmt::format("{} µs has digits beyond {}", us, step.type.to_string()));
  }
  step.scalar->values<int64_t>()[row] = us;
  step.scalar->set_valid(row);
  return true;
}

bool ProtoReading::value(const ProtoStep& step, size_t row, bool merge, bool* taken) {
  switch (step.op) {
    case Op::kMessage:
      if (!merge) step.row->set_valid(row);
      return nested(step, step.parts, row, merge);
    case Op::kWrapper:
      return nested(step, step.parts, row, merge);
    case Op::kTimestamp:
      return timestamp(step, row, merge);
    case Op::kText: {
      std::string_view bytes;
      return text(&bytes) && store_text(step, bytes, row, stable_);
    }
    default:
      break;
  }
  uint64_t raw = 0;
  if (!bits(step.field->kind, &raw)) return false;
  const ProtoEnum* const closed = step.field->enumeration;
  if (closed && closed->closed && !closed->names.contains(static_cast<int32_t>(raw))) {
    *taken = false;
    return true;
  }
  return store_bits(step, raw, row);
}

bool ProtoReading::fill_missing(const ProtoMessageStep& message, size_t row, uint64_t serial) {
  for (const ProtoStep& step : message.fields) {
    if (!step.target || reader_.seen_[step.id] == serial) continue;
    if (!fill(step, row)) return false;
  }
  return true;
}

bool ProtoReading::fill(const ProtoStep& step, size_t row) {
  switch (step.missing) {
    case Missing::kNull:
      step.list ? step.list->set_null(row) : step.target->set_null(row);
      return true;
    case Missing::kDefault:
      return fill_default(step, row);
    case Missing::kRefuse:
      break;
  }
  return fail_at(step, BadReason::kValue, "the message lacks this field, which is required");
}

bool ProtoReading::fill_default(const ProtoStep& step, size_t row) {
  if (step.list) {
    step.list->begin(row);
    return true;
  }
  switch (step.op) {
    case Op::kMessage:
      step.row->set_valid(row);
      [[fallthrough]];
    case Op::kWrapper:
      return fill_missing(step.parts, row, ++reader_.messages_);
    case Op::kTimestamp:
      step.scalar->values<int64_t>()[row] = 0;
      step.scalar->set_valid(row);
      return true;
    case Op::kText:
      return store_text(step, step.field->default_text, row, false);
    default:
      return store_bits(step, step.field->default_bits, row);
  }
}

bool ProtoReader::read(std::string_view bytes, const ProtoRecordStep& step, size_t row,
                       bool stable) {
  ++records_;
  if (seen_.size() < step.steps) seen_.resize(step.steps);
  return ProtoReading(*this, bytes, stable).message(step.root, row, false, 0);
}

}  // namespace velo
