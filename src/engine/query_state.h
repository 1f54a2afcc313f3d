#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/lower.h"
#include "engine/query.h"
#include "runtime/job.h"

namespace velo {

/// Passes what an Input collects on to the job.
class PushTarget final : public InputTarget {
 public:
  PushTarget(Job& job, size_t source) : job_(job), source_(source) {}
  Status take(uint32_t partition, Batch batch) override {
    return job_.push_batch(source_, partition, batch);
  }
  Status take_bytes(uint32_t partition, std::string_view bytes) override {
    return job_.push_bytes(source_, partition, bytes);
  }
  Status take_watermark(uint32_t partition, int64_t watermark_us) override {
    return job_.push_watermark(source_, partition, watermark_us);
  }
  Status take_end(uint32_t partition) override { return job_.push_end(source_, partition); }

 private:
  Job& job_;
  size_t source_;
};

struct Query::State {
  std::vector<Answer> answers;
  std::vector<ResultInfo> results;
  std::vector<Error> notices;
  size_t batch_rows = 1024;
  LoweredJob lowered;  // its graph has gone into the job
  std::unique_ptr<Job> job;
  std::map<std::string, std::unique_ptr<PushTarget>, std::less<>> targets;
  std::map<std::pair<std::string, uint32_t>, std::unique_ptr<Input>> inputs;
};

}  // namespace velo
