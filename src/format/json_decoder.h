#pragma once

#include <memory>

#include "format/json_framing.h"
#include "format/json_record.h"
#include "format/record_decoder.h"

namespace velo {

/// The options of format 'json', checked.
struct JsonOptions {
  JsonRoot root = JsonRoot::kAuto;
  TimeNotation times = TimeNotation::kIso8601;
  std::string op_column = "op";  ///< of changes
};

Result<JsonOptions> parse_json_options(const OptionMap& options);

/// JSON objects to columns.
class JsonDecoder : public RecordDecoder {
 public:
  JsonDecoder(JsonOptions json, BatchAssembler assembler, size_t record_bytes_max);

 protected:
  void begin_record() override { framing_.begin_record(); }
  RecordEnd find_end(const char* from, const char* end) override;
  RecordEnd find_resync(const char* from, const char* end) override;
  const char* skip_gap(const char* from, const char* end) override;
  Outcome decode_record(std::string_view record, size_t row, bool stable) override;
  Status decode_message(std::string_view message, const DecodeInput& input,
                        DecodeOutput& out) override;
  bool enter_lines(const Messages& messages) override;
  Status learn_header(std::string_view head) override;
  bool unit_complete() override;
  void reset_unit() override { framing_.reset(); }

  const JsonFraming& framing() const { return framing_; }

 private:
  JsonOptions json_;
  JsonFraming framing_;
  JsonRecordReader reader_;
};

}  // namespace velo
