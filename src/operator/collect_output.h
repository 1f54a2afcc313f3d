#pragma once

#include <string>
#include <vector>

#include "base/fmt.h"
#include "column/batch_text.h"
#include "operator/operator.h"

namespace velo {

/// Keeps what an operator gives, as text: for tests and for those who look at one operator alone.
class CollectOutput final : public Output {
 public:
  void emit(Batch batch) override {
    const std::string text = batch_to_text(batch);
    text_ += text;
    rows_ += text;
    batches_.push_back(std::move(batch));
  }
  void advance(int64_t watermark) override {
    text_ +=
        watermark == kWatermarkEnd ? "watermark end\n" : fmt::format("watermark {}\n", watermark);
  }
  void reject(Rejected rejected) override {
    constexpr const char* kNames[] = {"late ", "future ", "error ", "no time ", "unmatched "};
    const std::string rows = batch_to_text(rejected.rows);
    for (size_t begin = 0; begin < rows.size();) {
      const size_t end = rows.find('\n', begin) + 1;
      rejected_ += kNames[static_cast<size_t>(rejected.reason)] + rows.substr(begin, end - begin);
      begin = end;
    }
    messages_.push_back(std::move(rejected.message));
  }

  /// Rows and watermarks in the order in which they came; `rows` without the watermarks.
  const std::string& text() const { return text_; }
  const std::string& rows() const { return rows_; }
  /// "late a 1 …", a line per row.
  const std::string& rejected() const { return rejected_; }
  const std::vector<std::string>& messages() const { return messages_; }
  const std::vector<Batch>& batches() const { return batches_; }
  void clear() {
    text_.clear(), rows_.clear(), rejected_.clear(), messages_.clear(), batches_.clear();
  }

 private:
  std::string text_;
  std::string rows_;
  std::string rejected_;
  std::vector<std::string> messages_;
  std::vector<Batch> batches_;
};

}  // namespace velo
