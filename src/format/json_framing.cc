#include "format/json_framing.h"

#include <cstring>

namespace velo {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_mark(char c) { return c == '\xEF' || c == '\xBB' || c == '\xBF'; }  // byte order mark

}  // namespace

void JsonFraming::reset() {
  root_ = declared_;
  place_ = Place::kBefore;
  after_element_ = false;
  missing_comma_ = false;
  shape_ = Shape::kUnknown;
}

void JsonFraming::enter(JsonRoot root) {
  reset();
  root_ = root;
  place_ = Place::kInside;
  after_element_ = true;
}

const char* JsonFraming::skip_gap(const char* from, const char* end) {
  if (root_ == JsonRoot::kLines) return from;
  const char* p = from;
  for (; p < end; ++p) {
    const char c = *p;
    if (is_blank(c) || (place_ == Place::kBefore && is_mark(c))) continue;
    if (root_ == JsonRoot::kAuto) {
      root_ = c == '[' ? JsonRoot::kArray : JsonRoot::kLines;
      if (root_ == JsonRoot::kLines) return p;
    }
    if (root_ == JsonRoot::kValues) {
      place_ = Place::kInside;
      return p;
    }
    if (place_ == Place::kInside) {
      if (c == ',' && after_element_) {
        after_element_ = false;
        continue;
      }
      if (c != ']') {
        missing_comma_ = after_element_;
        return p;
      }
      place_ = Place::kBehind;
    } else if (place_ == Place::kBefore && c == '[') {
      place_ = Place::kInside;
    } else {
      return p;  // text outside of the array: a record that is none
    }
  }
  return p;
}

void JsonFraming::begin_record() {
  shape_ = Shape::kUnknown;
  depth_ = 0;
  in_string_ = false;
  escaped_ = false;
  after_element_ = true;
}

const char* JsonFraming::find_end(const char* from, const char* end, const char** next) {
  const bool by_line = root_ == JsonRoot::kLines ||
                       (root_ == JsonRoot::kArray && place_ != Place::kInside);
  if (!by_line) return find_value_end(from, end, next);
  if (from == end) return nullptr;
  const auto* newline = static_cast<const char*>(
      std::memchr(from, '\n', static_cast<size_t>(end - from)));
  if (newline) *next = newline + 1;
  return newline;
}

const char* JsonFraming::find_value_end(const char* from, const char* end, const char** next) {
  for (const char* p = from; p < end; ++p) {
    const char c = *p;
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
        if (shape_ == Shape::kString) return *next = p + 1;
      }
      continue;
    }
    const bool first = shape_ == Shape::kUnknown;
    if (first) {
      shape_ = c == '{' || c == '[' ? Shape::kNested : c == '"' ? Shape::kString : Shape::kOther;
    }
    if (shape_ == Shape::kOther) {
      if (is_blank(c) || c == ',' || c == ']' || c == '}') {
        // A stray separator is a record of its own, so that the search moves on.
        if (!first) return *next = p;
        after_element_ = false;
        return *next = p + 1;
      }
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '}' || c == ']') {
      if (--depth_ == 0) return *next = p + 1;
    }
  }
  return nullptr;
}

}  // namespace velo
