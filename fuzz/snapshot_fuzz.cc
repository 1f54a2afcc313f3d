// A snapshot of any bytes gives values or errors, never a crash or a huge allocation. The bytes are
// read twice: as a whole snapshot (which the checksum mostly refuses) and as the body of a
// well-sealed one.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "column/type.h"
#include "state/snapshot.h"

namespace {

using velo::Result;
using velo::SnapshotReader;
using velo::Status;
using velo::Type;

Type type_of(uint8_t choice) {
  switch (choice % 8) {
    case 0: return Type::bigint();
    case 1: return Type::string();
    case 2: return Type::boolean();
    case 3: return Type::float64();
    case 4: return Type::decimal(20, 2);
    case 5: return Type::array(Type::string());
    case 6: return Type::map(Type::string(), Type::bigint());
    default: return Type::row({"a", "b"}, {Type::bigint(), Type::array(Type::string())});
  }
}

// Reads one thing of the kind that the plan's byte names.
Status read_one(SnapshotReader& reader, uint8_t what) {
  switch (what % 8) {
    case 0: TRY(reader.u8()); break;
    case 1: TRY(reader.u32()); break;
    case 2: TRY(reader.f64()); break;
    case 3: TRY(reader.string()); break;
    case 4: TRY(reader.section("window")); break;
    case 5: TRY(reader.count(8)); break;
    default: TRY(reader.column(type_of(what / 8)));
  }
  return {};
}

void read_all(std::string_view bytes, std::string_view plan) {
  Result<SnapshotReader> reader = SnapshotReader::open(bytes);
  if (!reader.has_value()) return;
  for (const char what : plan) {
    if (reader->at_end() || !read_one(*reader, static_cast<uint8_t>(what)).has_value()) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_all(bytes, bytes);
  const std::string_view plan = bytes.substr(0, 8);
  velo::SnapshotWriter writer;
  const std::string_view body = bytes.substr(plan.size());
  writer.raw(body.data(), body.size());
  const std::string sealed = writer.finish();
  CHECK(SnapshotReader::open(sealed).has_value(), "a sealed snapshot does not open");
  read_all(sealed, plan);
  return 0;
}
