#pragma once

#include <cstdint>

namespace velo {

/// How records stand in a JSON input; in the order of the choices of 'json.root'.
enum class JsonRoot : uint8_t {
  kAuto,    ///< an array if the first character is '[', else lines
  kLines,   ///< one record per line (NDJSON)
  kArray,   ///< the elements of one array
  kValues,  ///< one after the other, any white space between
};

/// Finds records in a JSON input, in pieces of any size.
class JsonFraming {
 public:
  explicit JsonFraming(JsonRoot root) : declared_(root) { reset(); }

  /// A new input begins.
  void reset();
  /// A new input is entered inside, between two records.
  void enter(JsonRoot root);
  JsonRoot root() const { return root_; }

  /// The first byte that is part of a record, or `end`.
  const char* skip_gap(const char* from, const char* end);
  void begin_record();
  /// One past the last byte of the record's text, or null. `*next`: where the gap behind it begins.
  const char* find_end(const char* from, const char* end, const char** next);
  /// True if the record at hand follows another one without a comma between, which an array
  /// forbids.
  bool missing_comma() const { return missing_comma_; }
  /// False if an array was not closed.
  bool complete() const { return root_ != JsonRoot::kArray || place_ != Place::kInside; }

 private:
  enum class Place : uint8_t { kBefore, kInside, kBehind };
  const char* find_value_end(const char* from, const char* end, const char** next);

  JsonRoot declared_;
  JsonRoot root_ = JsonRoot::kAuto;
  Place place_ = Place::kBefore;  ///< of the array
  bool after_element_ = false;
  bool missing_comma_ = false;
  // Inside a value.
  enum class Shape : uint8_t { kUnknown, kNested, kString, kOther };
  Shape shape_ = Shape::kUnknown;
  uint32_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace velo
