#pragma once

#include <functional>
#include <memory>

#include "runtime/sink_port.h"

namespace velo {

/// Where results leave to the program: filled in after the job's graph is made, before it runs.
struct ResultPort {
  std::function<void(const Batch&)> on_batch;
  std::function<void()> on_end;
};

/// Hands every batch to a ResultPort.
class ResultSink final : public SinkPort {
 public:
  explicit ResultSink(std::shared_ptr<ResultPort> port) : port_(std::move(port)) {}
  void emit(Batch batch) override {
    metrics_.rows_out.add(batch.rows);
    if (port_->on_batch) port_->on_batch(batch);
  }
  void end() override {
    SinkPort::end();
    if (port_->on_end) port_->on_end();
  }

 private:
  std::shared_ptr<ResultPort> port_;
};

}  // namespace velo
