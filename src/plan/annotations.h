#pragma once

#include "plan/bind_session.h"

namespace velo {

/// `-- @name value` lines of a statement. Errors (kUnknownAnnotation) name the nearest known one.
Status check_annotations(const BindSession& session,
                         const std::vector<ast::Annotation>& annotations);

}  // namespace velo
