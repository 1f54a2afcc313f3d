#include "format/avro_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/fmt.h"
#include "format/avro_encoder.h"
#include "format/wire_bytes.h"

namespace velo {
namespace {

constexpr std::string_view kMagic("Obj\1", 4);
constexpr size_t kMarkBytes = 16;
constexpr size_t kHeaderBytesMax = size_t{16} << 20;
constexpr size_t kBlockBytesMax = size_t{256} << 20;
// Records that take no bytes may be promised in any number.
constexpr uint64_t kEmptyRecordsMax = 1 << 16;

/// Numbers and bytes one behind the other.
class Parts {
 public:
  explicit Parts(std::string_view bytes) : p_(bytes.data()), end_(p_ + bytes.size()) {}
  /// False: the bytes end, or (`broken`) it is no number.
  bool number(int64_t* out) {
    uint64_t raw = 0;
    if (!read_varint(p_, end_, &raw)) {
      broken = p_ != end_;
      return false;
    }
    *out = unzigzag(raw);
    return true;
  }
  bool bytes(size_t count, std::string_view* out) {
    if (count > static_cast<size_t>(end_ - p_)) return false;
    *out = {p_, count};
    p_ += count;
    return true;
  }
  bool text(std::string_view* out) {
    int64_t count = 0;
    if (!number(&count)) return false;
    broken = count < 0;
    return !broken && bytes(static_cast<size_t>(count), out);
  }
  size_t taken(std::string_view all) const { return static_cast<size_t>(p_ - all.data()); }

  bool broken = false;

 private:
  const char* p_;
  const char* end_;
};

Error no_file(std::string_view why) {
  return Error(ErrorCode::kCorruptData, fmt::format("no Avro file: {}", why));
}

/// 16 bytes that follow from the schema, so that a file may be continued (FNV-1a, from two starts).
std::string mark_of(std::string_view schema) {
  std::string mark;
  for (uint64_t hash : {uint64_t{0xcbf29ce484222325}, uint64_t{0x84222325cbf29ce4}}) {
    for (const char c : schema) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
    put_fixed(hash, &mark);
  }
  return mark;
}

/// False as of Parts.
bool read_metadata(Parts& parts, std::string_view* schema, std::string_view* codec) {
  while (true) {
    int64_t count = 0;
    if (!parts.number(&count)) return false;
    if (count == 0) return true;
    int64_t size = 0;
    if (count < 0 && !parts.number(&size)) return false;
    for (uint64_t left = count < 0 ? -static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
         left > 0; --left) {
      std::string_view key;
      std::string_view value;
      if (!parts.text(&key) || !parts.text(&value)) return false;
      if (key == "avro.schema") *schema = value;
      if (key == "avro.codec") *codec = value;
    }
  }
}

}  // namespace

Result<std::optional<AvroFileHeader>> read_avro_header(std::string_view bytes) {
  const std::string_view magic = bytes.substr(0, kMagic.size());
  if (!kMagic.starts_with(magic)) return no_file("it does not begin with 'Obj' and a byte 1");
  if (magic.size() < kMagic.size()) return std::optional<AvroFileHeader>();
  Parts parts(bytes.substr(kMagic.size()));
  std::string_view schema;
  std::string_view codec = "null";
  std::string_view mark;
  if (!read_metadata(parts, &schema, &codec) || !parts.bytes(kMarkBytes, &mark)) {
    if (parts.broken) return no_file("the header is broken");
    if (bytes.size() < kHeaderBytesMax) return std::optional<AvroFileHeader>();
    return no_file("the header does not end");
  }
  AvroSchema parsed = TRY(AvroSchema::parse(schema));
  AvroFileHeader header;
  header.schema = std::make_shared<const AvroSchema>(std::move(parsed));
  header.codec = codec.empty() ? "null" : codec;
  header.mark = mark;
  header.bytes = parts.taken(bytes);
  return std::optional<AvroFileHeader>(std::move(header));
}

Result<std::unique_ptr<Decoder>> AvroFileDecoder::make(AvroOptions avro, const SchemaPtr& declared,
                                                       BatchAssembler assembler, Unpack unpack) {
  if (avro.reader) {
    const AvroType& reader = avro.reader->root();
    TRY(resolve_avro(reader, &reader, {declared, {}}));
  }
  return std::unique_ptr<Decoder>(
      new AvroFileDecoder(std::move(avro), std::move(assembler), std::move(unpack)));
}

Status AvroFileDecoder::enter(AvroFileHeader header) {
  AvroColumns columns{assembler_.schema(), {}};
  for (size_t i = 0; i < assembler_.columns(); ++i) {
    columns.targets.push_back(&assembler_.target(i));
  }
  step_ = TRY(
      resolve_avro(header.schema->root(), avro_.reader ? &avro_.reader->root() : nullptr, columns));
  if (header.codec != "null" && !unpack_) {
    return Error(ErrorCode::kNotSupported,
                 fmt::format("not supported: blocks packed by '{}'", header.codec));
  }
  header_ = std::move(header);
  return {};
}

Status AvroFileDecoder::start_unit(const UnitStart& start) {
  unit_ = start.name;
  pending_.clear();
  taken_ = 0;
  header_.reset();
  skipping_ = start.inside && start.skipping;
  inside_ = false;
  if (!start.inside) return {};
  std::optional<AvroFileHeader> header = TRY(read_avro_header(start.head));
  if (!header) return no_file(fmt::format("its header has more than {} bytes", start.head.size()));
  return enter(std::move(*header));
}

Status AvroFileDecoder::feed(const DecodeInput& input, DecodeOutput& out) {
  if (!inside_) {
    begin_ = input.offset;
    assembler_.set_begin(begin_);
    inside_ = true;
  }
  pending_.append(as_text(input.bytes));
  for (bool more = true; more;) {
    more = TRY(take(out));
  }
  assembler_.set_owner(nullptr);
  pending_.erase(0, std::exchange(taken_, 0));
  if (input.ends_unit) {
    if (!rest().empty() || !header_) {
      const BadRecord cut{rest(),
                          rest().size(),
                          begin_,
                          0,
                          BadReason::kTruncated,
                          header_ ? "the file ends inside a block" : "the file ends in its header"};
      TRY(out.bad(cut));
    }
    move_by(rest().size());
    pending_.clear();
    taken_ = 0;
    header_.reset();
    inside_ = false;
    skipping_ = false;
  }
  return assembler_.flush(begin_, out);
}

Result<bool> AvroFileDecoder::take(DecodeOutput& out) {
  if (!header_) return take_header();
  if (skipping_) return find_mark();
  return take_block(out);
}

Result<bool> AvroFileDecoder::take_header() {
  std::optional<AvroFileHeader> header = TRY(read_avro_header(rest()));
  if (!header) return false;
  const size_t bytes = header->bytes;
  TRY(enter(std::move(*header)));
  move_by(bytes);
  return true;
}

bool AvroFileDecoder::find_mark() {
  const size_t found = rest().find(header_->mark);
  if (found == std::string_view::npos) {
    const size_t kept = std::min(rest().size(), kMarkBytes - 1);  // it may have begun
    move_by(rest().size() - kept);
    return false;
  }
  move_by(found + kMarkBytes);
  skipping_ = false;
  return true;
}

Status AvroFileDecoder::give_up_block(BadReason reason, std::string message, DecodeOutput& out) {
  constexpr size_t kShown = 4096;
  skipping_ = true;
  const BadRecord bad{rest().substr(0, kShown), rest().size(), begin_, 0, reason,
                      std::move(message)};
  return out.bad(bad);
}

Result<bool> AvroFileDecoder::take_block(DecodeOutput& out) {
  Parts parts(rest());
  int64_t records = 0;
  int64_t bytes = 0;
  if (!parts.number(&records) || !parts.number(&bytes)) {
    if (!parts.broken) return false;
    TRY(give_up_block(BadReason::kSyntax, "the block does not begin with two numbers", out));
    return true;
  }
  if (records < 0 || bytes < 0 || static_cast<uint64_t>(bytes) > kBlockBytesMax) {
    TRY(give_up_block(BadReason::kSyntax,
                      fmt::format("a block of {} records and {} bytes", records, bytes), out));
    return true;
  }
  std::string_view data;
  std::string_view mark;
  if (!parts.bytes(static_cast<size_t>(bytes), &data) || !parts.bytes(kMarkBytes, &mark)) {
    return false;
  }
  if (mark != header_->mark) {
    TRY(give_up_block(BadReason::kSyntax, "the block does not end with the file's mark", out));
    return true;
  }
  const size_t taken = parts.taken(rest());
  TRY(decode_block(data, static_cast<uint64_t>(records), begin_ + taken, out));
  move_by(taken);
  return true;
}

Status AvroFileDecoder::decode_block(std::string_view bytes, uint64_t records, uint64_t end,
                                     DecodeOutput& out) {
  std::string unpacked;
  BadRecord bad{bytes, bytes.size(), begin_, 0, BadReason::kSyntax, {}};
  if (header_->codec != "null") {
    Result<std::string> plain = unpack_(header_->codec, bytes, kBlockBytesMax);
    if (!plain && plain.error().code == ErrorCode::kNotSupported) return std::move(plain).error();
    if (!plain) {
      bad.message = std::move(plain).error().message;
      return out.bad(bad);
    }
    unpacked = std::move(plain).value();
    bytes = unpacked;
  }
  const std::shared_ptr<Buffer> owner = Buffer::allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(owner->data(), bytes.data(), bytes.size());
  std::string_view left(owner->as<char>(), bytes.size());
  assembler_.set_owner(owner);
  uint64_t empty = 0;
  for (uint64_t i = 0; i < records; ++i) {
    const std::string_view record = left;
    const bool read = reader_.read_next(left, step_, assembler_.rows(), true);
    const bool endless = left.size() == record.size() && ++empty > kEmptyRecordsMax;
    if (!read || endless) {
      assembler_.forget(assembler_.rows());
      bad.bytes = record;
      bad.bytes_total = record.size();
      bad.reason = read ? BadReason::kTooLong : reader_.problem().reason;
      bad.message =
          fmt::format("{} (record {} of the {} of its block, whose rest is left out)",
                      read ? "records without a byte" : reader_.problem().message, i + 1, records);
      return out.bad(bad);
    }
    assembler_.add(1);
    if (assembler_.full()) TRY(assembler_.flush(end, out));
  }
  if (left.empty()) return {};
  bad.bytes = left;
  bad.bytes_total = left.size();
  bad.message = fmt::format("{} bytes stand behind the records of a block", left.size());
  return out.bad(bad);
}

Result<std::unique_ptr<Encoder>> AvroFileEncoder::make(const AvroOptions& avro,
                                                       const Schema& columns) {
  auto encoder = std::unique_ptr<AvroFileEncoder>(new AvroFileEncoder());
  encoder->records_ = TRY(AvroEncoder::make(avro, "avro", columns));
  std::string schema = avro.writer_text;
  if (schema.empty()) schema = TRY(avro_schema_of(columns, avro.legacy_times));
  encoder->mark_ = mark_of(schema);
  std::string& header = encoder->header_;
  const auto text = [&](std::string_view part) {
    put_zigzag(static_cast<int64_t>(part.size()), &header);
    header += part;
  };
  header = kMagic;
  put_zigzag(2, &header);
  text("avro.schema");
  text(schema);
  text("avro.codec");
  text("null");
  put_zigzag(0, &header);
  header += encoder->mark_;
  return std::unique_ptr<Encoder>(std::move(encoder));
}

Status AvroFileEncoder::encode_records(const Batch& batch, std::string& out,
                                       std::vector<RecordSpan>*) {
  if (batch.rows == 0) return {};
  block_.clear();
  TRY(records_->encode_records(batch, block_, nullptr));
  put_zigzag(static_cast<int64_t>(batch.rows), &out);
  put_zigzag(static_cast<int64_t>(block_.size()), &out);
  out += block_;
  out += mark_;
  return {};
}

}  // namespace velo
