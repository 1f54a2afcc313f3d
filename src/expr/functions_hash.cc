// Digests of texts and bytes, in hexadecimal.
#include <openssl/evp.h>

#include <array>

#include "base/fmt.h"
#include "expr/function_table.h"
#include "expr/kernel.h"

namespace velo {
namespace {

/// One digest context for all rows of a call.
struct DigestState : KernelState {
  DigestState() : context(EVP_MD_CTX_new()) {}
  ~DigestState() override { EVP_MD_CTX_free(context); }
  DigestState(const DigestState&) = delete;
  DigestState& operator=(const DigestState&) = delete;
  EVP_MD_CTX* context;
};

const EVP_MD* sha2_of(int64_t bits) {
  switch (bits) {
    case 224:
      return EVP_sha224();
    case 0:
    case 256:
      return EVP_sha256();
    case 384:
      return EVP_sha384();
    case 512:
      return EVP_sha512();
    default:
      return nullptr;
  }
}

void write_digest(KernelCall& call, size_t row, std::string_view bytes, const EVP_MD* kind) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  EVP_MD_CTX* context = call.state_of<DigestState>().context;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_DigestInit_ex(context, kind, nullptr) != 1 ||
      EVP_DigestUpdate(context, bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context, digest.data(), &size) != 1) {
    return call.fail(row, ErrorCode::kEvaluation, "this digest is switched off in OpenSSL here");
  }
  char* out = call.out.build(size_t{2} * size);
  for (unsigned i = 0; i < size; ++i) {
    out[2 * i] = kDigits[digest[i] >> 4];
    out[2 * i + 1] = kDigits[digest[i] & 15];
  }
  call.out.set_built(row, size_t{2} * size);
}

template <const EVP_MD* (*kKind)()>
void digest(KernelCall& call) {
  const Strings in(call, 0);
  for_valid(call, [&](size_t row) { write_digest(call, row, in[row], kKind()); });
}

void sha2(KernelCall& call) {
  const Strings in(call, 0);
  const Values<int64_t> bits(call, 1);
  for_valid(call, [&](size_t row) {
    const EVP_MD* kind = sha2_of(bits[row]);
    if (kind != nullptr) return write_digest(call, row, in[row], kind);
    call.fail(row, ErrorCode::kEvaluation,
              fmt::format("there is no SHA-2 of {} bits: 224, 256, 384, 512", bits[row]));
  });
}

const Function kFunctions[] = {
    {"MD5", "(s string) -> string", digest<EVP_md5>, kStrict, "MD5 of its bytes, 32 digits",
     "MD5('abc')", "900150983cd24fb0d6963f7d28e17f72"},
    {"MD5", "(b bytes) -> string", digest<EVP_md5>, kStrict, "MD5 of its bytes, 32 digits",
     "MD5(UNHEX(''))", "d41d8cd98f00b204e9800998ecf8427e"},
    {"SHA1", "(s string) -> string", digest<EVP_sha1>, kStrict, "SHA-1 of its bytes, 40 digits",
     "SHA1('abc')", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"SHA224", "(s string) -> string", digest<EVP_sha224>, kStrict, "SHA-224 of its bytes",
     "SHA224('abc')", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
    {"SHA256", "(s string) -> string", digest<EVP_sha256>, kStrict, "SHA-256 of its bytes",
     "SHA256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"SHA256", "(b bytes) -> string", digest<EVP_sha256>, kStrict, "SHA-256 of its bytes",
     "SHA256(UNHEX(''))", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"SHA384", "(s string) -> string", digest<EVP_sha384>, kStrict, "SHA-384 of its bytes",
     "LEFT(SHA384('abc'), 16)", "cb00753f45a35e8b"},
    {"SHA512", "(s string) -> string", digest<EVP_sha512>, kStrict, "SHA-512 of its bytes",
     "LEFT(SHA512('abc'), 16)", "ddaf35a193617aba"},
    {"SHA2", "(s string, bits bigint) -> string", sha2, kStrict,
     "SHA-2 of its bytes in 224, 256, 384 or 512 bits", "LEFT(SHA2('abc', 256), 16)",
     "ba7816bf8f01cfea"},
};

}  // namespace

std::span<const Function> hash_functions() { return kFunctions; }

}  // namespace velo
