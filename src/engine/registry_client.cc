#include "engine/registry_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/core/detail/base64.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/fmt.h"

namespace velo {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using nlohmann::json;

constexpr size_t kAnswerBytesMax = size_t{16} << 20;
constexpr int kReferencesDeepMax = 32;

struct Url {
  std::string host;
  std::string port;
  std::string path;  ///< without a '/' at its end
};

Result<Url> parse_url(const std::string& text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) {
    const bool secure = text.starts_with("https://");
    return Error(secure ? ErrorCode::kNotSupported : ErrorCode::kBadOptionValue,
                 secure ? fmt::format("not supported yet: a schema registry over TLS: '{}'", text)
                        : fmt::format("'{}' is no URL of a schema registry", text))
        .with_hint("http://host:8081");
  }
  const std::string_view rest = std::string_view(text).substr(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view place = rest.substr(0, slash);
  const size_t colon = std::min(place.rfind(':'), place.size());
  Url url{std::string(place.substr(0, colon)), "80", std::string(rest.substr(slash))};
  if (colon < place.size()) url.port = place.substr(colon + 1);
  while (url.path.ends_with('/')) url.path.pop_back();
  if (!url.host.empty() && !url.port.empty()) return url;
  return Error(ErrorCode::kBadOptionValue, fmt::format("'{}' names no host and port", text))
      .with_hint("http://host:8081");
}

/// A name as a part of a path.
std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<uint8_t>(c));
  }
  return out;
}

struct Answer {
  unsigned status = 0;
  std::string body;
};

class HttpRegistry final : public SchemaRegistry {
 public:
  HttpRegistry(RegistryAddress address, Url url)
      : address_(std::move(address)), url_(std::move(url)) {}

  Result<RegisteredSchema> by_id(uint32_t id) override;
  Result<RegisteredSchema> latest(const std::string& subject) override;
  Result<uint32_t> add(const std::string& subject, const std::string& type,
                       const std::string& text) override;

 private:
  Result<Answer> exchange(http::verb verb, const std::string& target, const std::string& body);
  Result<json> ask(http::verb verb, const std::string& target, const std::string& body);
  Result<RegisteredSchema> schema_of(const json& answer, uint32_t id);
  Status add_references(const json& answer, int depth, std::set<std::string>* seen,
                        std::vector<NamedSchema>* out);
  Error fail(ErrorCode code, std::string_view why) const {
    return Error(code, fmt::format("schema registry {}: {}", address_.url, why));
  }

  const RegistryAddress address_;
  const Url url_;
  std::mutex mutex_;
  std::map<uint32_t, RegisteredSchema> known_;
};

/// One request on a connection of its own: schemas are asked for once.
Result<Answer> HttpRegistry::exchange(http::verb verb, const std::string& target,
                                      const std::string& body) {
  boost::asio::io_context context;
  boost::beast::tcp_stream stream(context);
  tcp::resolver resolver(context);
  http::request<http::string_body> request(verb, url_.path + target, 11);
  request.set(http::field::host, url_.host + ":" + url_.port);
  request.set(http::field::accept, "application/vnd.schemaregistry.v1+json, application/json");
  request.set(http::field::connection, "close");
  if (!address_.user_info.empty()) {
    namespace base64 = boost::beast::detail::base64;
    std::string text(base64::encoded_size(address_.user_info.size()), '\0');
    text.resize(base64::encode(text.data(), address_.user_info.data(), address_.user_info.size()));
    request.set(http::field::authorization, "Basic " + text);
  }
  if (!body.empty()) {
    request.set(http::field::content_type, "application/vnd.schemaregistry.v1+json");
    request.body() = body;
  }
  request.prepare_payload();
  http::response_parser<http::string_body> response;
  response.body_limit(kAnswerBytesMax);
  boost::beast::flat_buffer buffer;
  boost::system::error_code failed;
  bool done = false;
  const auto end = [&](boost::system::error_code code) { failed = code, done = true; };
  stream.expires_after(std::chrono::microseconds(address_.timeout_us));
  const auto read = [&](boost::system::error_code code, size_t) {
    if (code) return end(code);
    http::async_read(stream, buffer, response,
                     [&](boost::system::error_code read_code, size_t) { end(read_code); });
  };
  const auto write = [&](boost::system::error_code code, const tcp::endpoint&) {
    if (code) return end(code);
    http::async_write(stream, request, read);
  };
  resolver.async_resolve(url_.host, url_.port,
                         [&](boost::system::error_code code, tcp::resolver::results_type found) {
                           if (code) return end(code);
                           stream.async_connect(found, write);
                         });
  context.run_for(std::chrono::microseconds(address_.timeout_us) + std::chrono::milliseconds(100));
  if (!done || failed == boost::beast::error::timeout) {
    return fail(ErrorCode::kTimeout,
                fmt::format("no answer within {} ms", address_.timeout_us / 1000))
        .with_hint("is it up? is the URL right?");
  }
  if (failed) {
    return fail(ErrorCode::kUnavailable, failed.message()).with_hint("is it up? is the URL right?");
  }
  return Answer{response.get().result_int(), response.get().body()};
}

Result<json> HttpRegistry::ask(http::verb verb, const std::string& target,
                               const std::string& body) {
  const Answer answer = TRY(exchange(verb, target, body));
  json parsed = json::parse(answer.body, nullptr, false);
  std::string message;
  if (parsed.is_object() && parsed.contains("message") && parsed["message"].is_string()) {
    message = ": " + parsed["message"].get<std::string>().substr(0, 300);
  }
  const std::string said = fmt::format("{} gives status {}{}", target, answer.status, message);
  if (answer.status == 404) return fail(ErrorCode::kNotFound, said);
  if (answer.status == 401 || answer.status == 403) {
    return fail(ErrorCode::kPermission, said)
        .with_hint(
            "'….basic-auth.credentials-source' = 'USER_INFO', '….basic-auth.user-info' = "
            "'user:password'");
  }
  if (answer.status == 409) {
    return fail(ErrorCode::kBadOptionValue, said)
        .with_hint("the schema breaks the rules of its subject: change the columns, or the rules");
  }
  if (answer.status != 200) return fail(ErrorCode::kUnavailable, said);
  if (!parsed.is_object()) return fail(ErrorCode::kUnavailable, said + ", and no JSON object");
  return parsed;
}

/// What the schema of the answer refers to, each behind what it refers to itself.
Status HttpRegistry::add_references(const json& answer, int depth, std::set<std::string>* seen,
                                    std::vector<NamedSchema>* out) {
  if (!answer.contains("references") || !answer["references"].is_array()) return {};
  if (depth > kReferencesDeepMax) {
    return fail(ErrorCode::kUnavailable, "references of schemas go round in a circle");
  }
  for (const json& reference : answer["references"]) {
    if (!reference.is_object()) continue;
    const std::string name = reference.value("name", "");
    const std::string subject = reference.value("subject", "");
    if (!seen->insert(name).second) continue;
    const json found = TRY(ask(
        http::verb::get,
        fmt::format("/subjects/{}/versions/{}", escaped(subject), reference.value("version", 1)),
        {}));
    TRY(add_references(found, depth + 1, seen, out));
    out->push_back({name, found.value("schema", "")});
  }
  return {};
}

Result<RegisteredSchema> HttpRegistry::schema_of(const json& answer, uint32_t id) {
  if (!answer.contains("schema") || !answer["schema"].is_string()) {
    return fail(ErrorCode::kUnavailable, "an answer without a schema");
  }
  RegisteredSchema schema{id, answer.value("schemaType", "AVRO"), answer.value("schema", "")};
  std::set<std::string> seen;
  TRY(add_references(answer, 0, &seen, &schema.references));
  const std::lock_guard lock(mutex_);
  known_.insert_or_assign(id, schema);
  return schema;
}

Result<RegisteredSchema> HttpRegistry::by_id(uint32_t id) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(id);
    if (found != known_.end()) return found->second;
  }
  const json answer = TRY(ask(http::verb::get, fmt::format("/schemas/ids/{}", id), {}));
  return schema_of(answer, id);
}

Result<RegisteredSchema> HttpRegistry::latest(const std::string& subject) {
  const json answer =
      TRY(ask(http::verb::get, fmt::format("/subjects/{}/versions/latest", escaped(subject)), {}));
  if (!answer.contains("id") || !answer["id"].is_number_unsigned()) {
    return fail(ErrorCode::kUnavailable, "an answer without an id");
  }
  return schema_of(answer, answer["id"].get<uint32_t>());
}

Result<uint32_t> HttpRegistry::add(const std::string& subject, const std::string& type,
                                   const std::string& text) {
  json body = {{"schema", text}};
  if (type != "AVRO") body["schemaType"] = type;
  const json answer = TRY(
      ask(http::verb::post, fmt::format("/subjects/{}/versions", escaped(subject)), body.dump()));
  if (answer.contains("id") && answer["id"].is_number_unsigned()) {
    return answer["id"].get<uint32_t>();
  }
  return fail(ErrorCode::kUnavailable, "an answer without an id");
}

}  // namespace

Result<std::shared_ptr<SchemaRegistry>> connect_registry(RegistryAddress address) {
  Url url = TRY(parse_url(address.url));
  return std::shared_ptr<SchemaRegistry>(
      std::make_shared<HttpRegistry>(std::move(address), std::move(url)));
}

}  // namespace velo
