// Text forms of bytes: hex, base64, URLs.
#include <algorithm>
#include <array>

#include "base/fmt.h"
#include "expr/function_table.h"
#include "expr/kernel.h"

namespace velo {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_hex(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    out.push_back(kHexDigits[byte >> 4]);
    out.push_back(kHexDigits[byte & 15]);
  }
}

void hex_text(KernelCall& call) {
  const Strings in(call, 0);
  std::string text;
  for_valid(call, [&](size_t row) {
    text.clear();
    append_hex(text, in[row]);
    call.out.set_string(row, text);
  });
}

void hex_integer(KernelCall& call) {
  const Values<int64_t> in(call, 0);
  for_valid(call, [&](size_t row) {
    call.out.set_string(row, fmt::format("{:X}", static_cast<uint64_t>(in[row])));
  });
}

void bin_integer(KernelCall& call) {
  const Values<int64_t> in(call, 0);
  for_valid(call, [&](size_t row) {
    call.out.set_string(row, fmt::format("{:b}", static_cast<uint64_t>(in[row])));
  });
}

void unhex(KernelCall& call) {
  const Strings in(call, 0);
  std::string bytes;
  for_valid(call, [&](size_t row) {
    const std::string_view s = in[row];
    bytes.clear();
    bool good = s.size() % 2 == 0;
    for (size_t i = 0; good && i < s.size(); i += 2) {
      const int high = hex_value(s[i]);
      const int low = hex_value(s[i + 1]);
      good = high >= 0 && low >= 0;
      bytes.push_back(static_cast<char>(high * 16 + low));
    }
    if (!good) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("'{}' is not hexadecimal", s.substr(0, 100)));
    }
    call.out.set_string(row, bytes);
  });
}

void to_base64(KernelCall& call) {
  const Strings in(call, 0);
  std::string text;
  for_valid(call, [&](size_t row) {
    const std::string_view s = in[row];
    text.clear();
    for (size_t i = 0; i < s.size(); i += 3) {
      uint32_t group = 0;
      const size_t have = std::min<size_t>(3, s.size() - i);
      for (size_t k = 0; k < 3; ++k) {
        group = (group << 8) | (k < have ? static_cast<uint8_t>(s[i + k]) : 0U);
      }
      for (size_t k = 0; k < 4; ++k) {
        text.push_back(k <= have ? kBase64[(group >> (18 - 6 * k)) & 63] : '=');
      }
    }
    call.out.set_string(row, text);
  });
}

bool decode_base64(std::string_view s, std::string* out) {
  out->clear();
  if (s.size() % 4 != 0) return false;
  while (s.ends_with('=') && s.size() % 4 != 1) {
    if (s.size() % 4 == 2) break;
    s.remove_suffix(1);
  }
  uint32_t bits = 0;
  int count = 0;
  for (const char c : s) {
    const size_t value = kBase64.find(c);
    if (value == std::string_view::npos) return false;
    bits = (bits << 6) | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out->push_back(static_cast<char>((bits >> count) & 0xFF));
    }
  }
  return true;
}

void from_base64(KernelCall& call) {
  const Strings in(call, 0);
  std::string bytes;
  for_valid(call, [&](size_t row) {
    if (!decode_base64(in[row], &bytes)) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("'{}' is not base64", in[row].substr(0, 100)));
    }
    call.out.set_string(row, bytes);
  });
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '*';
}

/// As HTML forms do (java.net.URLEncoder, which Flink uses): a blank becomes '+'.
void url_encode(KernelCall& call) {
  const Strings in(call, 0);
  std::string text;
  for_valid(call, [&](size_t row) {
    text.clear();
    for (const char c : in[row]) {
      if (is_unreserved(c)) {
        text.push_back(c);
      } else if (c == ' ') {
        text.push_back('+');
      } else {
        text.push_back('%');
        append_hex(text, {&c, 1});
      }
    }
    call.out.set_string(row, text);
  });
}

bool decode_url(std::string_view s, std::string* out) {
  out->clear();
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '+') {
      out->push_back(' ');
    } else if (s[i] != '%') {
      out->push_back(s[i]);
    } else {
      if (i + 2 >= s.size() || hex_value(s[i + 1]) < 0 || hex_value(s[i + 2]) < 0) return false;
      out->push_back(static_cast<char>(hex_value(s[i + 1]) * 16 + hex_value(s[i + 2])));
      i += 2;
    }
  }
  return true;
}

void url_decode(KernelCall& call) {
  const Strings in(call, 0);
  std::string text;
  for_valid(call, [&](size_t row) {
    if (!decode_url(in[row], &text)) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("'{}' is not URL-encoded", in[row].substr(0, 100)));
    }
    call.out.set_string(row, text);
  });
}

/// The parts of RFC 3986, appendix B; absent ones have a null data pointer.
struct Url {
  std::string_view protocol, authority, path, query, reference;
};

Url split_url(std::string_view s) {
  Url url;
  const auto cut = [&s](size_t at, std::string_view* part) {
    *part = s.substr(0, at);
    s.remove_prefix(at);
  };
  if (const size_t hash = s.find('#'); hash != s.npos) {
    url.reference = s.substr(hash + 1);
    s = s.substr(0, hash);
  }
  if (const size_t mark = s.find('?'); mark != s.npos) {
    url.query = s.substr(mark + 1);
    s = s.substr(0, mark);
  }
  if (const size_t colon = s.find("://"); colon != s.npos) {
    cut(colon, &url.protocol);
    s.remove_prefix(3);
    cut(std::min(s.find('/'), s.size()), &url.authority);
  }
  url.path = s;
  return url;
}

std::string_view host_of(std::string_view authority) {
  if (const size_t at = authority.rfind('@'); at != authority.npos) authority.remove_prefix(at + 1);
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

std::string_view query_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) == key && equals != pair.npos) return pair.substr(equals + 1);
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
  return {};
}

constexpr std::array<std::string_view, 8> kUrlParts = {"PROTOCOL", "HOST",      "PATH", "QUERY",
                                                       "REF",      "AUTHORITY", "FILE", "USERINFO"};

Status check_url_part(std::string_view text, size_t position) {
  if (position != 1 || std::find(kUrlParts.begin(), kUrlParts.end(), text) != kUrlParts.end())
    return {};
  return Error(ErrorCode::kInvalidStatement, fmt::format("'{}' is no part of a URL", text))
      .with_hint(fmt::format("one of {}", fmt::join(kUrlParts, ", ")));
}

std::string_view url_part(std::string_view s, std::string_view part) {
  const Url url = split_url(s);
  if (part == "PROTOCOL") return url.protocol;
  if (part == "HOST") return host_of(url.authority);
  if (part == "PATH") return url.path;
  if (part == "QUERY") return url.query;
  if (part == "REF") return url.reference;
  if (part == "AUTHORITY") return url.authority;
  if (part == "FILE") {
    const size_t size = url.path.size() + (url.query.data() != nullptr ? url.query.size() + 1 : 0);
    return {url.path.data(), size};
  }
  const size_t at = url.authority.rfind('@');
  return part == "USERINFO" && at != s.npos ? url.authority.substr(0, at) : std::string_view();
}

/// NULL where the part is absent or empty.
void parse_url(KernelCall& call) {
  const Strings in(call, 0);
  const Strings parts(call, 1);
  const bool has_key = call.args.size() == 3;
  const Strings keys(*call.args[has_key ? 2 : 1]);
  call.out.share(*call.args[0]);
  for_valid(call, [&](size_t row) {
    std::string_view part = url_part(in[row], parts[row]);
    if (has_key) part = parts[row] == "QUERY" ? query_value(part, keys[row]) : std::string_view();
    if (part.empty()) return call.out.set_null(row);
    call.out.set_string_view(row, part);
  });
}

const Function kFunctions[] = {
    {"HEX", "(s string) -> string", hex_text, kInfallible, "Its bytes in hexadecimal", "HEX('AZ')",
     "415A"},
    {"HEX", "(b bytes) -> string", hex_text, kInfallible, "Its bytes in hexadecimal",
     "HEX(UNHEX('0a'))", "0A"},
    {"HEX", "(n bigint) -> string", hex_integer, kInfallible, "The number in hexadecimal",
     "HEX(255)", "FF"},
    {"BIN", "(n bigint) -> string", bin_integer, kInfallible, "The number in binary", "BIN(5)",
     "101"},
    {"UNHEX", "(s string) -> bytes", unhex, kStrict, "Bytes from hexadecimal", "HEX(UNHEX('ff'))",
     "FF"},
    {"TO_BASE64", "(s string) -> string", to_base64, kInfallible, "Base64 of its bytes",
     "TO_BASE64('hello')", "aGVsbG8="},
    {"TO_BASE64", "(b bytes) -> string", to_base64, kInfallible, "Base64 of its bytes",
     "TO_BASE64(UNHEX('ff'))", "/w=="},
    {"FROM_BASE64", "(s string) -> string", from_base64, kStrict, "The text behind base64",
     "FROM_BASE64('aGVsbG8=')", "hello"},
    {"URL_ENCODE", "(s string) -> string", url_encode, kInfallible, "As in an HTML form",
     "URL_ENCODE('a b&c')", "a+b%26c"},
    {"URL_DECODE", "(s string) -> string", url_decode, kStrict, "The text behind a URL-encoded one",
     "URL_DECODE('a+b%26c')", "a b&c"},
    {"PARSE_URL", "(url string, part string, key string?) -> string", parse_url, kInfallible,
     "HOST, PATH, QUERY, REF, PROTOCOL, FILE, AUTHORITY or USERINFO of a URL; the value of a query "
     "key",
     "PARSE_URL('http://a.org/p?k=v', 'QUERY', 'k')", "v", nullptr, check_url_part},
};

}  // namespace

std::span<const Function> string_coding_functions() { return kFunctions; }

}  // namespace velo
