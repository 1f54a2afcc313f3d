#include "format/decoder.h"

namespace velo {

std::string_view bad_reason_name(BadReason reason) {
  switch (reason) {
    case BadReason::kSyntax: return "syntax";
    case BadReason::kFieldCount: return "field-count";
    case BadReason::kValue: return "value";
    case BadReason::kOverflow: return "overflow";
    case BadReason::kLostDigit: return "lost-digit";
    case BadReason::kEncoding: return "encoding";
    case BadReason::kTooLong: return "too-long";
    case BadReason::kTruncated: return "truncated";
  }
  return "unknown";
}

}  // namespace velo
