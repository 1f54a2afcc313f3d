#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace velo {

/// The closed list of things that can go wrong, grouped by who can act.
enum class ErrorCode : int {
  // 1xxx configuration: an option, a flag, an environment variable.
  kUnknownOption = 1001,
  kBadOptionValue = 1002,
  kMissingOption = 1003,
  kUsage = 1004,
  kUnknownAnnotation = 1005,
  // 2xxx SQL: the text of a statement.
  kSyntax = 2001,
  kUnknownName = 2002,
  kTypeMismatch = 2003,
  kNotSupported = 2004,
  kInvalidStatement = 2005,
  kAmbiguousName = 2006,
  kDuplicateName = 2007,
  kUnboundedState = 2008,
  kChangingQuery = 2009,
  // 3xxx execution: a running query.
  kEvaluation = 3001,
  kOverflow = 3002,
  kDivisionByZero = 3003,
  kLimitExceeded = 3004,
  kCancelled = 3005,
  kClosed = 3006,
  kIncompatibleState = 3007,
  kExpectationFailed = 3008,
  // 4xxx data: records that are not what was declared.
  kBadRecord = 4001,
  kBadEncoding = 4002,
  kCorruptData = 4003,
  kTooManyBadRecords = 4004,
  // 5xxx network and disk.
  kNotFound = 5001,
  kPermission = 5002,
  kIo = 5003,
  kDiskFull = 5004,
  kNotAFile = 5005,
  kAlreadyExists = 5006,
  kUnavailable = 5007,
  kTimeout = 5008,
  // 9xxx our bug.
  kInternal = 9001,
};

/// Where in a text or a stream of records something stands. Lines and columns count from 1;
/// 0 = unknown.
struct Place {
  std::string source;  ///< file, topic or "" for the SQL text at hand
  uint32_t line = 0;
  uint32_t column = 0;
  uint64_t offset = 0;  ///< bytes from the start of the source (SQL: of the text)
  uint32_t length = 0;  ///< bytes the caret underlines
};

/// What failed (with the value), where, and what to do about it.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  ///< one sentence, no trailing period
  Place place;
  std::string excerpt;  ///< the line of text with a caret below it, if the place is in a text
  std::string hint;     ///< the remedy: "did you mean 'price'?"

  Error(ErrorCode c, std::string m) : code(c), message(std::move(m)) {}
  Error&& at(Place p) && { place = std::move(p); return std::move(*this); }
  Error&& with_hint(std::string h) && { hint = std::move(h); return std::move(*this); }

  /// "error 2002: message\n  at file:3:7\n  <excerpt>\n  hint: …", without trailing newline.
  std::string to_string() const;
};

/// "2002" group name: "configuration", "SQL", "execution", "data", "network and disk", "internal".
std::string_view error_group(ErrorCode code);

/// The process exit status for a failure: 2 for configuration and SQL, else 1.
int exit_status(ErrorCode code);

/// The error of the last failed system call: `what` + strerror, with a code fitting `errno_value`.
Error system_error(int errno_value, std::string_view what);

}  // namespace velo
