#include "connector/compression.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <climits>

#include "base/fmt.h"

namespace velo {
namespace {

constexpr size_t kOutChunk = size_t{64} << 10;
constexpr int kGzipWindow = 15 + 16;  // 32 KiB window, gzip framing

Bytef* zlib_bytes(const std::byte* bytes) {
  return reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes));
}

class GzipDecompressor final : public Decompressor {
 public:
  explicit GzipDecompressor(int window) { CHECK(inflateInit2(&stream_, window) == Z_OK); }
  ~GzipDecompressor() override { inflateEnd(&stream_); }

  Result<Step> step(Bytes in, std::byte* out, size_t out_size) override {
    Step step;
    if (between_members_) {
      // Padding of zeros after a member is allowed (tar writes it); anything else must be a new
      // member.
      while (members_ > 0 && step.taken < in.size() && in[step.taken] == std::byte{0}) ++step.taken;
      if (step.taken == in.size()) return step;
      between_members_ = false;
      if (inflateReset(&stream_) != Z_OK) return broken("cannot start");
    }
    stream_.next_in = zlib_bytes(in.data() + step.taken);
    stream_.avail_in = static_cast<uInt>(std::min<size_t>(in.size() - step.taken, UINT_MAX));
    stream_.next_out = zlib_bytes(out);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(out_size, UINT_MAX));
    const uInt in_before = stream_.avail_in;
    const uInt out_before = stream_.avail_out;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    step.taken += in_before - stream_.avail_in;
    step.given = out_before - stream_.avail_out;
    if (result == Z_STREAM_END) {
      between_members_ = true;
      ++members_;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return broken(stream_.msg != nullptr ? stream_.msg : "cannot be read");
    }
    return step;
  }
  bool at_member_end() const override { return between_members_ && members_ > 0; }
  std::string_view name() const override { return "gzip"; }

 private:
  static Error broken(std::string_view why) {
    return Error(ErrorCode::kCorruptData, fmt::format("broken gzip data: {}", why));
  }
  z_stream stream_{};
  bool between_members_ = true;
  uint64_t members_ = 0;
};

class ZstdDecompressor final : public Decompressor {
 public:
  ZstdDecompressor() : context_(ZSTD_createDCtx()) {
    CHECK(context_ != nullptr);
    // Files made with --long=31 are legal; the default limit would refuse them.
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, 31);
  }
  ~ZstdDecompressor() override { ZSTD_freeDCtx(context_); }

  Result<Step> step(Bytes in, std::byte* out, size_t out_size) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out, out_size, 0};
    const size_t result = ZSTD_decompressStream(context_, &output, &input);
    if (ZSTD_isError(result) != 0) {
      return Error(ErrorCode::kCorruptData,
                   fmt::format("broken zstd data: {}", ZSTD_getErrorName(result)));
    }
    if (input.pos > 0 || output.pos > 0) at_end_ = result == 0;
    return Step{input.pos, output.pos};
  }
  bool at_member_end() const override { return at_end_; }
  std::string_view name() const override { return "zstd"; }

 private:
  ZSTD_DCtx* context_;
  bool at_end_ = false;
};

class GzipCompressor final : public Compressor {
 public:
  GzipCompressor() {
    CHECK(deflateInit2(&stream_, 6, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~GzipCompressor() override { deflateEnd(&stream_); }

  Status add(Bytes bytes, std::string& out) override {
    while (!bytes.empty()) {
      const size_t part = std::min<size_t>(bytes.size(), UINT_MAX);
      stream_.next_in = zlib_bytes(bytes.data());
      stream_.avail_in = static_cast<uInt>(part);
      run(Z_NO_FLUSH, out);
      bytes = bytes.subspan(part);
    }
    return {};
  }
  Status end_member(std::string& out) override {
    stream_.next_in = nullptr;
    stream_.avail_in = 0;
    run(Z_FINISH, out);
    CHECK(deflateReset(&stream_) == Z_OK);
    return {};
  }

 private:
  void run(int flush, std::string& out) {
    int result = Z_OK;
    do {
      const size_t before = out.size();
      out.resize(before + kOutChunk);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
      stream_.avail_out = kOutChunk;
      result = deflate(&stream_, flush);
      CHECK(result != Z_STREAM_ERROR);
      out.resize(before + kOutChunk - stream_.avail_out);
    } while (stream_.avail_out == 0 || (flush == Z_FINISH && result != Z_STREAM_END));
  }
  z_stream stream_{};
};

class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor() : context_(ZSTD_createCCtx()) {
    CHECK(context_ != nullptr);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdCompressor() override { ZSTD_freeCCtx(context_); }

  Status add(Bytes bytes, std::string& out) override { return run(bytes, ZSTD_e_continue, out); }
  Status end_member(std::string& out) override { return run({}, ZSTD_e_end, out); }

 private:
  Status run(Bytes bytes, ZSTD_EndDirective mode, std::string& out) {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    size_t left = 0;
    do {
      const size_t before = out.size();
      out.resize(before + kOutChunk);
      ZSTD_outBuffer output{out.data() + before, kOutChunk, 0};
      left = ZSTD_compressStream2(context_, &output, &input, mode);
      out.resize(before + output.pos);
      if (ZSTD_isError(left) != 0) {
        return Error(ErrorCode::kInternal,
                     fmt::format("zstd cannot compress: {}", ZSTD_getErrorName(left)));
      }
    } while (mode == ZSTD_e_end ? left > 0 : input.pos < input.size);
    return {};
  }
  ZSTD_CCtx* context_;
};

}  // namespace

Compression compression_of_path(std::string_view path) {
  if (path.ends_with(".gz")) return Compression::kGzip;
  if (path.ends_with(".zst")) return Compression::kZstd;
  return Compression::kNone;
}

Compression resolve_compression(Compression wanted, std::string_view path) {
  return wanted == Compression::kAuto ? compression_of_path(path) : wanted;
}

std::string_view compression_extension(Compression compression) {
  if (compression == Compression::kGzip) return ".gz";
  return compression == Compression::kZstd ? ".zst" : "";
}

std::unique_ptr<Decompressor> make_decompressor(Compression compression) {
  CHECK(compression != Compression::kAuto);
  if (compression == Compression::kGzip) return std::make_unique<GzipDecompressor>(kGzipWindow);
  if (compression == Compression::kZstd) return std::make_unique<ZstdDecompressor>();
  return nullptr;
}

std::unique_ptr<Compressor> make_compressor(Compression compression) {
  CHECK(compression != Compression::kAuto);
  if (compression == Compression::kGzip) return std::make_unique<GzipCompressor>();
  if (compression == Compression::kZstd) return std::make_unique<ZstdCompressor>();
  return nullptr;
}

Result<std::string> unpack_block(std::string_view codec, std::string_view bytes, size_t bytes_max) {
  constexpr int kBareWindow = -MAX_WBITS;  // no header
  std::unique_ptr<Decompressor> unpacker;
  if (codec == "deflate") unpacker = std::make_unique<GzipDecompressor>(kBareWindow);
  if (codec == "zstandard") unpacker = std::make_unique<ZstdDecompressor>();
  if (!unpacker) {
    return Error(ErrorCode::kNotSupported,
                 fmt::format("not supported: blocks packed by the codec '{}'", codec))
        .with_hint("deflate, zstandard and null are known");
  }
  std::string out;
  while (!unpacker->at_member_end()) {
    const size_t had = out.size();
    out.resize(had + std::max<size_t>(had, size_t{16} << 10));
    const Decompressor::Step step = TRY(unpacker->step(
        as_bytes(bytes), reinterpret_cast<std::byte*>(out.data()) + had, out.size() - had));
    bytes.remove_prefix(step.taken);
    out.resize(had + step.given);
    const bool stuck = step.taken == 0 && step.given == 0;
    if (stuck || out.size() > bytes_max) {
      return Error(ErrorCode::kCorruptData,
                   stuck ? "a packed block is cut"
                         : fmt::format("a packed block has more than {} bytes", bytes_max));
    }
  }
  return out;
}

}  // namespace velo
