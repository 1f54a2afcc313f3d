// Any bytes read as gzip and as zstd: data or an error, the same however they are cut; and what we
// pack ourselves comes back. The first byte seeds the cuts.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "connector/compression.h"

namespace {

using velo::Bytes;
using velo::Compression;

constexpr size_t kOutputMax = size_t{8} << 20;

struct Unpacked {
  std::string text;
  bool failed = false;
  bool complete = false;
  bool too_much = false;
};

/// Pieces of up to `most` bytes in and out (0 = all at once in, 64 KiB out).
Unpacked unpack(Compression kind, std::string_view packed, uint64_t seed, size_t most) {
  const auto decompressor = velo::make_decompressor(kind);
  velo::Random random(seed);
  std::vector<std::byte> out(most == 0 ? size_t{64} << 10 : most);
  Unpacked result;
  size_t at = 0;
  size_t ready = 0;  // [at, ready) may be looked at
  for (;;) {
    if (at == ready)
      ready = std::min(packed.size(), at + (most == 0 ? packed.size() : 1 + random.below(most)));
    const Bytes in = velo::as_bytes(packed.substr(at, ready - at));
    const auto step =
        decompressor->step(in, out.data(), most == 0 ? out.size() : 1 + random.below(most));
    if (!step) {
      result.failed = true;
      return result;
    }
    CHECK(step->taken <= in.size() && step->given <= out.size());
    CHECK(step->taken > 0 || step->given > 0 || in.empty(), "no progress");
    at += step->taken;
    result.text.append(reinterpret_cast<const char*>(out.data()), step->given);
    if (result.text.size() > kOutputMax) {
      result.too_much = true;
      return result;
    }
    if (in.empty() && step->given == 0) break;
  }
  result.complete = decompressor->at_member_end();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const uint8_t seed = data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const Compression kind : {Compression::kGzip, Compression::kZstd}) {
    const Unpacked whole = unpack(kind, text, 0, 0);
    for (const size_t most : {size_t{4096}, size_t{50}}) {
      if (whole.text.size() > size_t{64} << 10 && most < 4096) continue;
      const Unpacked cut = unpack(kind, text, seed, most);
      CHECK(cut.too_much == whole.too_much && cut.failed == whole.failed);
      // How much comes before an error is found depends on the cuts.
      if (cut.failed || cut.too_much) continue;
      CHECK(cut.complete == whole.complete && cut.text == whole.text);
    }
    const auto compressor = velo::make_compressor(kind);
    std::string packed;
    for (size_t at = 0; at < text.size(); at += 1 + seed) {
      CHECK(compressor->add(velo::as_bytes(text.substr(at, 1 + seed)), packed).has_value());
      if (at % 7 == 0) CHECK(compressor->end_member(packed).has_value());
    }
    CHECK(compressor->end_member(packed).has_value());
    const Unpacked back = unpack(kind, packed, seed, 4096);
    CHECK(!back.failed && back.complete && back.text == text);
  }
  return 0;
}
