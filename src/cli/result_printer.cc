#include "cli/result_printer.h"

#include "base/fmt.h"
#include "format/formats.h"
#include "operator/change_kinds.h"

namespace velo {
namespace {

constexpr size_t kBufferBytes = size_t{64} << 10;
/// So many rows of an ended or slow result decide on the widths of its table.
constexpr size_t kTableRowsHeld = 1000;

}  // namespace

struct ResultPrinter::Port {
  SchemaPtr schema;  ///< as printed
  bool changing = false;
  std::vector<size_t> key;
  std::unique_ptr<Encoder> encoder;  ///< null: a table
  std::optional<TextTable> table;
  bool begun = false;
};

ResultPrinter::ResultPrinter(File& out, Options options)
    : out_(out), options_(std::move(options)) {}

ResultPrinter::~ResultPrinter() = default;

Status ResultPrinter::add_result(const ResultInfo& result) {
  auto port = std::make_unique<Port>();
  port->schema = result.changing ? with_op(result.schema) : result.schema;
  port->changing = result.changing;
  port->key = result.key;
  if (options_.form == OutputForm::kTable) {
    port->table.emplace(port->schema);
  } else {
    const char* format = options_.form == OutputForm::kJson ? "json" : "csv";
    port->encoder = TRY(make_encoder(format, {.schema = port->schema, .options = {}}));
  }
  ports_.push_back(std::move(port));
  return {};
}

Batch ResultPrinter::visible_rows(Port& port, const Batch& batch) const {
  if (port.changing) return with_change_kinds(batch, port.schema, port.key);
  Batch rows = batch;
  rows.schema = port.schema;
  return rows;
}

void ResultPrinter::print(size_t result, const Batch& batch) {
  const std::lock_guard lock(mutex_);
  if (closed_ || error_ || batch.rows == 0) return;
  Port& port = *ports_[result];
  const Batch rows = visible_rows(port, batch);
  if (port.table) {
    port.table->add(rows);
    if (port.table->waiting_rows() >= kTableRowsHeld) render_table(port, result);
  } else {
    if (!port.begun) buffer_ += port.encoder->preamble();
    if (const Status encoded = port.encoder->encode(rows, buffer_); !encoded) {
      error_ = encoded.error();
      return;
    }
  }
  port.begun = true;
  if (buffer_.size() >= kBufferBytes || (!wrote_ && !buffer_.empty())) write(buffer_);
}

Status ResultPrinter::print_answer(const Batch& rows) {
  const std::lock_guard lock(mutex_);
  if (options_.form == OutputForm::kTable) {
    TextTable table(rows.schema);
    table.add(rows);
    if (wrote_) buffer_.push_back('\n');  // apart from the table before it
    buffer_ += table.render();
  } else {
    const char* format = options_.form == OutputForm::kJson ? "json" : "csv";
    const auto encoder = TRY(make_encoder(format, {.schema = rows.schema, .options = {}}));
    buffer_ += encoder->preamble();
    TRY(encoder->encode(rows, buffer_));
  }
  write(buffer_);
  return error_ ? Status(*error_) : Status();
}

void ResultPrinter::render_table(Port& port, size_t index) {
  if (last_table_ && *last_table_ != index) port.table->repeat_header();
  if (last_table_ ? *last_table_ != index : wrote_) buffer_.push_back('\n');
  last_table_ = index;
  buffer_ += port.table->render();
}

void ResultPrinter::flush() {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (ports_[i]->table && ports_[i]->table->waiting_rows() > 0) render_table(*ports_[i], i);
  }
  if (!buffer_.empty()) write(buffer_);
}

Status ResultPrinter::finish() {
  flush();
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < ports_.size(); ++i) {
    Port& port = *ports_[i];
    if (port.encoder && !port.begun) buffer_ += port.encoder->preamble();
    if (!port.table) continue;
    if (!port.begun) render_table(port, i);
    const size_t rows = port.table->rows();
    if (options_.count_rows) buffer_ += fmt::format("({} row{})\n", rows, rows == 1 ? "" : "s");
  }
  if (!buffer_.empty()) write(buffer_);
  return error_ ? Status(*error_) : Status();
}

bool ResultPrinter::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void ResultPrinter::write(std::string_view text) {
  if (!closed_ && !error_) {
    if (options_.before_write) options_.before_write();
    const Status written = out_.write(as_bytes(text));
    if (!written && written.error().code == ErrorCode::kClosed) {
      closed_ = true;
    } else if (!written) {
      error_ = written.error();
    }
  }
  wrote_ = true;
  buffer_.clear();
}

}  // namespace velo
