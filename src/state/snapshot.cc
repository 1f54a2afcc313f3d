#include "state/snapshot.h"

#include <cstring>

#include "base/fmt.h"
#include "column/column_builder.h"

namespace velo {
namespace {

constexpr std::string_view kMagic = "VELOSNAP";
constexpr uint32_t kVersion = 7;
constexpr size_t kHeaderBytes = 16;  // magic, version, checksum

uint32_t checksum(std::string_view bytes) {
  uint32_t sum = 0xffffffffu;  // CRC-32 (ISO-HDLC)
  static const auto kTable = [] {
    std::vector<uint32_t> table(256);
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = (c & 1) ? 0xedb88320u ^ (c >> 1) : c >> 1;
      table[i] = c;
    }
    return table;
  }();
  for (unsigned char c : bytes) sum = kTable[(sum ^ c) & 0xff] ^ (sum >> 8);
  return ~sum;
}

Error corrupt(std::string_view what) {
  return Error(ErrorCode::kCorruptData, fmt::format("the snapshot is damaged: {}", what))
      .with_hint("restore from an earlier snapshot, or start without one");
}

}  // namespace

void SnapshotWriter::raw(const void* data, size_t bytes) {
  bytes_.append(static_cast<const char*>(data), bytes);
}

void SnapshotWriter::string(std::string_view value) {
  u64(value.size());
  raw(value.data(), value.size());
}

void SnapshotWriter::section(std::string_view name) { string(name); }

void SnapshotWriter::column(const Column& given) {
  ColumnPtr flat;
  if (!given.is_flat()) {
    ColumnBuilder builder(given.type(), given.size());
    for (size_t i = 0; i < given.size(); ++i) builder.append_from(given, i);
    flat = builder.finish();
  }
  const Column& column = flat ? *flat : given;
  u64(column.size());
  u8(column.validity() != nullptr);
  if (column.validity() != nullptr) raw(column.validity(), bitmap_words(column.size()) * 8);
  switch (column.type().physical()) {
    case Physical::kString:
      for (size_t i = 0; i < column.size(); ++i)
        string(column.is_null(i) ? "" : column.string_at(i));
      return;
    case Physical::kList:
      raw(column.offsets(), (column.size() + 1) * sizeof(uint32_t));
      break;
    case Physical::kRow:
      break;
    default:
      raw(column.values_buffer()->data(), column.size() * physical_width(column.type().physical()));
      return;
  }
  for (const ColumnPtr& child : column.children()) this->column(*child);
}

std::string SnapshotWriter::finish() {
  std::string out(kMagic);
  const uint32_t sum = checksum(bytes_);
  out.append(reinterpret_cast<const char*>(&kVersion), sizeof kVersion);
  out.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  out += bytes_;
  bytes_.clear();
  return out;
}

Result<SnapshotReader> SnapshotReader::open(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) return corrupt("it has no header");
  uint32_t version, sum;
  std::memcpy(&version, bytes.data() + kMagic.size(), sizeof version);
  std::memcpy(&sum, bytes.data() + kMagic.size() + sizeof version, sizeof sum);
  if (version != kVersion) {
    return Error(ErrorCode::kIncompatibleState,
                 fmt::format("the snapshot has format version {}, this program reads {}", version,
                             kVersion));
  }
  bytes.remove_prefix(kHeaderBytes);
  if (checksum(bytes) != sum) return corrupt("its checksum does not match");
  return SnapshotReader(bytes);
}

Status SnapshotReader::raw(void* data, size_t bytes) {
  if (bytes > bytes_.size() - at_) return corrupt("it ends too early");
  if (bytes == 0) return {};  // `data` may be null then, which memcpy must not get
  std::memcpy(data, bytes_.data() + at_, bytes);
  at_ += bytes;
  return {};
}

Result<uint64_t> SnapshotReader::count(size_t bytes_each) {
  const uint64_t n = TRY(u64());
  if (n > (bytes_.size() - at_) / std::max<size_t>(bytes_each, 1))
    return corrupt("a count is too large");
  return n;
}

Result<std::string> SnapshotReader::string() {
  const uint64_t size = TRY(count(1));
  std::string out(bytes_.substr(at_, size));
  at_ += size;
  return out;
}

Status SnapshotReader::section(std::string_view name) {
  const std::string found = TRY(string());
  if (found != name) {
    return Error(ErrorCode::kIncompatibleState,
                 fmt::format("the snapshot holds '{}' where this query keeps '{}'", found, name))
        .with_hint("the query changed since the snapshot was made: start it without one");
  }
  return {};
}

namespace {

Result<std::shared_ptr<Buffer>> read_buffer(SnapshotReader& reader, size_t bytes) {
  auto buffer = Buffer::allocate(bytes);
  TRY(reader.raw(buffer->data(), bytes));
  return buffer;
}

}  // namespace

Result<ColumnPtr> SnapshotReader::column(const Type& type) {
  const uint64_t rows = TRY(u64());
  if (type.physical() != Physical::kRow && rows > (bytes_.size() - at_))
    return corrupt("a count is too large");
  BufferPtr validity;
  if (TRY(u8()) != 0) {
    if (bitmap_words(rows) * 8 > bytes_.size() - at_) return corrupt("it ends too early");
    validity = TRY(read_buffer(*this, bitmap_words(rows) * 8));
  }
  if (type.physical() == Physical::kString) return string_column(type, rows, validity);
  if (!type.is_nested()) {
    const size_t bytes = rows * physical_width(type.physical());
    if (bytes > bytes_.size() - at_) return corrupt("it ends too early");
    BufferPtr values = TRY(read_buffer(*this, bytes));
    return Column::flat(type, rows, std::move(values), std::move(validity));
  }
  BufferPtr offsets;
  if (type.physical() == Physical::kList) {
    if ((rows + 1) * sizeof(uint32_t) > bytes_.size() - at_) return corrupt("it ends too early");
    offsets = TRY(read_buffer(*this, (rows + 1) * sizeof(uint32_t)));
  }
  std::vector<ColumnPtr> children;
  for (const Type& child : type.children()) children.push_back(TRY(column(child)));
  const size_t child_rows = children[0]->size();
  for (const ColumnPtr& child : children) {
    if (child->size() != child_rows)
      return corrupt("a nested column has parts of different length");
  }
  if (type.physical() == Physical::kRow) {
    if (child_rows != rows) return corrupt("a row column has parts of different length");
    return Column::row(type, rows, std::move(children), std::move(validity));
  }
  const uint32_t* ends = offsets->as<uint32_t>();
  for (uint64_t i = 0; i < rows; ++i) {
    if (ends[i] > ends[i + 1]) return corrupt("a list has a negative length");
  }
  if (ends[0] != 0 || ends[rows] != child_rows)
    return corrupt("lists and their elements do not agree");
  return Column::list(type, rows, std::move(offsets), std::move(children), std::move(validity));
}

Result<ColumnPtr> SnapshotReader::string_column(const Type& type, uint64_t rows,
                                                const BufferPtr& validity) {
  ColumnBuilder builder(type, rows);
  for (uint64_t i = 0; i < rows; ++i) {
    const std::string text = TRY(string());
    const bool valid = !validity || ((validity->as<uint64_t>()[i >> 6] >> (i & 63)) & 1) != 0;
    if (valid) {
      builder.append_string(text);
    } else {
      builder.append_null();
    }
  }
  return builder.finish();
}

}  // namespace velo
