#pragma once

#include <memory>
#include <string>

#include "base/file.h"
#include "connector/sink.h"

namespace velo {

/// Writes to an open descriptor: standard output for `print`. To a terminal or a pipe every `write`
/// (a batch) goes out at once; to a file it is gathered. A reader that goes away is kClosed.
class PrintSink final : public Sink {
 public:
  explicit PrintSink(std::unique_ptr<File> out) : out_(std::move(out)) {}
  ~PrintSink() override { (void)PrintSink::flush(); }

  Status open() override;
  void set_preamble(std::string preamble) override { preamble_ = std::move(preamble); }
  Status write(Bytes encoded, uint64_t rows) override;
  Status flush() override;
  Status finish() override;

 private:
  std::unique_ptr<File> out_;
  std::string preamble_;
  bool preamble_written_ = false;
  bool gather_ = false;
  bool closed_ = false;
  std::string buffer_;
};

/// Counts and forgets.
class BlackholeSink final : public Sink {
 public:
  Status open() override { return {}; }
  Status write(Bytes encoded, uint64_t rows) override {
    count(encoded, rows);
    return {};
  }
  Status flush() override { return {}; }
  Status finish() override { return {}; }
};

}  // namespace velo
