#include "base/error.h"

#include <cerrno>
#include <cstring>

#include "base/fmt.h"

namespace velo {

std::string_view error_group(ErrorCode code) {
  switch (static_cast<int>(code) / 1000) {
    case 1:
      return "configuration";
    case 2:
      return "SQL";
    case 3:
      return "execution";
    case 4:
      return "data";
    case 5:
      return "network and disk";
    default:
      return "internal";
  }
}

int exit_status(ErrorCode code) { return static_cast<int>(code) / 1000 <= 2 ? 2 : 1; }

std::string Error::to_string() const {
  std::string out = fmt::format("error {}: {}", static_cast<int>(code), message);
  if (place.line > 0) {
    std::string_view source = place.source.empty() ? std::string_view("SQL") : place.source;
    out += fmt::format("\n  at {}:{}", source, place.line);
    if (place.column > 0) out += fmt::format(":{}", place.column);
  } else if (!place.source.empty()) {
    out += fmt::format("\n  at {}", place.source);
    if (place.offset > 0) out += fmt::format(" offset {}", place.offset);
  }
  if (!excerpt.empty()) out += "\n" + excerpt;
  if (!hint.empty()) out += "\n  hint: " + hint;
  return out;
}

Error system_error(int errno_value, std::string_view what) {
  ErrorCode code = ErrorCode::kIo;
  switch (errno_value) {
    case ENOENT:
      code = ErrorCode::kNotFound;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = ErrorCode::kPermission;
      break;
    case ENOSPC:
    case EFBIG:
    case EDQUOT:
      code = ErrorCode::kDiskFull;
      break;
    case EISDIR:
    case ENOTDIR:
      code = ErrorCode::kNotAFile;
      break;
    case EEXIST:
      code = ErrorCode::kAlreadyExists;
      break;
    default:
      break;
  }
  return Error(code, fmt::format("{}: {}", what, std::strerror(errno_value)));
}

}  // namespace velo
