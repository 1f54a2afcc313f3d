#include "expr/like.h"

#include "base/fmt.h"
#include "expr/utf8.h"

namespace velo {
namespace {

constexpr char kAny = '\xff';
constexpr char kOne = '\xfe';

}  // namespace

Result<LikePattern> LikePattern::compile(std::string_view pattern, std::string_view escape) {
  if (count_characters(escape) > 1) {
    return Error(ErrorCode::kEvaluation,
                 fmt::format("ESCAPE takes one character, not '{}'", escape));
  }
  LikePattern like;
  std::string& out = like.pattern_;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (!escape.empty() && pattern.substr(at).starts_with(escape)) {
      at += escape.size();
      if (at >= pattern.size()) {
        return Error(ErrorCode::kEvaluation,
                     fmt::format("the pattern '{}' ends with its escape character", pattern));
      }
      out.push_back(pattern[at]);
    } else if (pattern[at] == '%') {
      if (out.empty() || out.back() != kAny) out.push_back(kAny);
    } else {
      out.push_back(pattern[at] == '_' ? kOne : pattern[at]);
    }
  }
  const bool open_left = out.starts_with(kAny);
  const bool open_right = out.size() > (open_left ? 1 : 0) && out.ends_with(kAny);
  std::string_view middle = out;
  if (open_left) middle.remove_prefix(1);
  if (open_right) middle.remove_suffix(1);
  if (middle.find(kAny) != middle.npos || middle.find(kOne) != middle.npos) {
    like.shape_ = Shape::kGeneral;
    return like;
  }
  like.literal_ = middle;
  like.shape_ = open_left && (open_right || middle.empty()) ? Shape::kContains
                : open_left                                 ? Shape::kSuffix
                : open_right                                ? Shape::kPrefix
                                                            : Shape::kExact;
  return like;
}

bool LikePattern::matches(std::string_view text) const {
  switch (shape_) {
    case Shape::kExact:
      return text == literal_;
    case Shape::kPrefix:
      return text.starts_with(literal_);
    case Shape::kSuffix:
      return text.ends_with(literal_);
    case Shape::kContains:
      return text.find(literal_) != std::string_view::npos;
    case Shape::kGeneral:
      return matches_general(text);
  }
  return false;
}

bool LikePattern::matches_general(std::string_view text) const {
  size_t p = 0;
  size_t t = 0;
  size_t resume_p = std::string::npos;  // after the last %
  size_t resume_t = 0;                  // where its text ends at least
  while (t < text.size()) {
    if (p < pattern_.size() && pattern_[p] == kAny) {
      resume_p = ++p;
      resume_t = t;
    } else if (p < pattern_.size() && pattern_[p] == kOne) {
      ++p;
      t = next_character(text, t);
    } else if (p < pattern_.size() && pattern_[p] == text[t]) {
      ++p;
      ++t;
    } else if (resume_p != std::string::npos) {
      p = resume_p;
      t = resume_t = next_character(text, resume_t);
    } else {
      return false;
    }
  }
  while (p < pattern_.size() && pattern_[p] == kAny) ++p;
  return p == pattern_.size();
}

}  // namespace velo
