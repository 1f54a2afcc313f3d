#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"

namespace velo {

/// In the order of the choices of 'source.compression' and 'sink.compression'.
enum class Compression : uint8_t { kAuto, kNone, kGzip, kZstd };
inline constexpr std::string_view kCompressionChoices = "auto|none|gzip|zstd";

/// kGzip for `.gz`, kZstd for `.zst`, else kNone.
Compression compression_of_path(std::string_view path);
/// `kAuto` decided by the path.
Compression resolve_compression(Compression wanted, std::string_view path);
/// ".gz", ".zst" or "".
std::string_view compression_extension(Compression compression);

/// Unpacks a stream piece by piece; members (frames) that follow one another are one stream.
class Decompressor {
 public:
  virtual ~Decompressor() = default;
  struct Step {
    size_t taken = 0;  ///< bytes of the input that were used
    size_t given = 0;  ///< bytes written to `out`
  };
  /// Either takes or gives something unless `in` is empty and nothing is left inside. Errors:
  /// kCorruptData, without place.
  virtual Result<Step> step(Bytes in, std::byte* out, size_t out_size) = 0;
  /// True where the input may end: between members, after at least one.
  virtual bool at_member_end() const = 0;
  virtual std::string_view name() const = 0;
};

/// Packs a stream; the same settings as the command-line tools' defaults.
class Compressor {
 public:
  virtual ~Compressor() = default;
  /// Appends to `out` what is ready.
  virtual Status add(Bytes bytes, std::string& out) = 0;
  /// Ends the member: what was appended so far is a complete file. More may follow as a new member.
  virtual Status end_member(std::string& out) = 0;
};

/// What was packed as a whole by a codec of Avro's, deflate (RFC 1951) or zstandard. Errors:
/// kCorruptData, also of more than `bytes_max` bytes; kNotSupported for another codec.
Result<std::string> unpack_block(std::string_view codec, std::string_view bytes, size_t bytes_max);

/// nullptr for kNone. REQUIRES: not kAuto.
std::unique_ptr<Decompressor> make_decompressor(Compression compression);
std::unique_ptr<Compressor> make_compressor(Compression compression);

}  // namespace velo
