#include "plan/annotations.h"

#include <algorithm>
#include <array>

#include "base/fmt.h"
#include "base/nearest_name.h"

namespace velo {
namespace {

/// Closed list; `@observability.` stands for every name with that prefix.
constexpr std::array<std::string_view, 20> kAnnotations = {"app",
                                                           "version",
                                                           "name",
                                                           "description",
                                                           "job_mode",
                                                           "batch_size",
                                                           "num_partitions",
                                                           "partitioning_strategy",
                                                           "metric",
                                                           "metric_type",
                                                           "metric_help",
                                                           "metric_labels",
                                                           "metric_condition",
                                                           "metric_field",
                                                           "metric_buckets",
                                                           "metric_sample_rate",
                                                           "observability.metrics.enabled",
                                                           "observability.tracing.enabled",
                                                           "observability.profiling.enabled",
                                                           "observability.error_reporting.enabled"};

}  // namespace

Status check_annotations(const BindSession& session,
                         const std::vector<ast::Annotation>& annotations) {
  for (const ast::Annotation& annotation : annotations) {
    const bool known =
        std::find(kAnnotations.begin(), kAnnotations.end(), annotation.name) != kAnnotations.end();
    if (known || annotation.name.starts_with("observability.")) continue;
    const std::string_view near = nearest_name(annotation.name, kAnnotations);
    return session
        .error(ErrorCode::kUnknownAnnotation,
               fmt::format("there is no annotation @{}", annotation.name), annotation.name_span)
        .with_hint(near.empty() ? "" : fmt::format("did you mean '@{}'?", near));
  }
  return {};
}

}  // namespace velo
