#include "engine/registry_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/core/detail/base64.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/fmt.h"

namespace velo {
namespace {

namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using boost::asio::ip::tcp;
using nlohmann::json;

constexpr size_t kAnswerBytesMax = size_t{16} << 20;
constexpr int kReferencesDeepMax = 32;

struct Url {
  bool secure = false;
  std::string host;
  std::string port;
  std::string path;  ///< without a '/' at its end
};

Result<Url> parse_url(const std::string& text) {
  Url url;
  url.secure = text.starts_with("https://");
  if (!url.secure && !text.starts_with("http://")) {
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("'{}' is no URL of a schema registry", text))
        .with_hint("http://host:8081 or https://host");
  }
  const std::string_view rest = std::string_view(text).substr(text.find("://") + 3);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view place = rest.substr(0, slash);
  const size_t colon = std::min(place.rfind(':'), place.size());
  url.host = place.substr(0, colon);
  url.port = url.secure ? "443" : "80";
  if (colon < place.size()) url.port = place.substr(colon + 1);
  url.path = rest.substr(slash);
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

/// One request on a connection of its own.
struct Exchange {
  boost::asio::io_context context;
  tcp::resolver resolver{context};
  http::request<http::string_body> request;
  http::response_parser<http::string_body> response;
  boost::beast::flat_buffer buffer;
  boost::system::error_code failed;
  bool done = false;

  void end(boost::system::error_code code) { failed = code, done = true; }
  void connect(const Url& url, boost::beast::tcp_stream& stream, std::function<void()> then) {
    const auto connected = [this, then = std::move(then)](boost::system::error_code code,
                                                          const tcp::endpoint&) {
      code ? end(code) : then();
    };
    resolver.async_resolve(url.host, url.port,
                           [this, &stream, connected](boost::system::error_code code,
                                                      const tcp::resolver::results_type& found) {
                             if (code) return end(code);
                             stream.async_connect(found, connected);
                           });
  }
  template <typename Stream>
  void ask(Stream& stream) {
    http::async_write(stream, request, [this, &stream](boost::system::error_code code, size_t) {
      if (code) return end(code);
      http::async_read(stream, buffer, response,
                       [this](boost::system::error_code read, size_t) { end(read); });
    });
  }
};

class HttpRegistry final : public SchemaRegistry {
 public:
  HttpRegistry(RegistryAddress address, Url url)
      : address_(std::move(address)), url_(std::move(url)) {}

  Result<RegisteredSchema> by_id(uint32_t id) override;
  Result<RegisteredSchema> latest(const std::string& subject) override;
  Result<uint32_t> add(const std::string& subject, const NewSchema& schema) override {
    return post(fmt::format("/subjects/{}/versions", escaped(subject)), schema, "id");
  }
  Result<uint32_t> version_of(const std::string& subject, const NewSchema& schema) override {
    return post("/subjects/" + escaped(subject), schema, "version");
  }

 private:
  Result<Answer> exchange(http::verb verb, const std::string& target, const std::string& body);
  void fill(http::verb verb, const std::string& target, const std::string& body,
            http::request<http::string_body>* request) const;
  void run(Exchange& one) const;
  void run_secure(Exchange& one) const;
  Result<json> ask(http::verb verb, const std::string& target, const std::string& body);
  /// The number of that name in the answer.
  Result<uint32_t> post(const std::string& target, const NewSchema& schema, const char* wanted);
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

void HttpRegistry::fill(http::verb verb, const std::string& target, const std::string& body,
                        http::request<http::string_body>* request) const {
  *request = {verb, url_.path + target, 11};
  request->set(http::field::host, url_.host + ":" + url_.port);
  request->set(http::field::accept, "application/vnd.schemaregistry.v1+json, application/json");
  request->set(http::field::connection, "close");
  if (!address_.user_info.empty()) {
    namespace base64 = boost::beast::detail::base64;
    std::string text(base64::encoded_size(address_.user_info.size()), '\0');
    text.resize(base64::encode(text.data(), address_.user_info.data(), address_.user_info.size()));
    request->set(http::field::authorization, "Basic " + text);
  }
  if (!body.empty()) {
    request->set(http::field::content_type, "application/vnd.schemaregistry.v1+json");
    request->body() = body;
  }
  request->prepare_payload();
}

void HttpRegistry::run(Exchange& one) const {
  boost::beast::tcp_stream stream(one.context);
  stream.expires_after(std::chrono::microseconds(address_.timeout_us));
  one.connect(url_, stream, [&] { one.ask(stream); });
  one.context.run_for(std::chrono::microseconds(address_.timeout_us) +
                      std::chrono::milliseconds(100));
}

void HttpRegistry::run_secure(Exchange& one) const {
  boost::system::error_code failed;
  ssl::context tls(ssl::context::tls_client);
  tls.set_verify_mode(ssl::verify_peer);
  address_.ca_pem.empty()
      ? tls.set_default_verify_paths(failed)
      : tls.add_certificate_authority(boost::asio::buffer(address_.ca_pem), failed);
  if (!failed && !address_.certificate_pem.empty()) {
    tls.use_certificate_chain(boost::asio::buffer(address_.certificate_pem), failed);
  }
  if (!failed && !address_.key_pem.empty()) {
    tls.use_private_key(boost::asio::buffer(address_.key_pem), ssl::context::pem, failed);
  }
  boost::beast::ssl_stream<boost::beast::tcp_stream> stream(one.context, tls);
  stream.set_verify_callback(ssl::host_name_verification(url_.host));
  if (failed) return one.end(failed);
  // Servers of several names are told which is meant; an address is no name.
  boost::asio::ip::make_address(url_.host, failed);
  if (failed) SSL_set_tlsext_host_name(stream.native_handle(), url_.host.c_str());
  boost::beast::tcp_stream& socket = boost::beast::get_lowest_layer(stream);
  socket.expires_after(std::chrono::microseconds(address_.timeout_us));
  one.connect(url_, socket, [&] {
    stream.async_handshake(ssl::stream_base::client, [&](boost::system::error_code code) {
      code ? one.end(code) : one.ask(stream);
    });
  });
  one.context.run_for(std::chrono::microseconds(address_.timeout_us) +
                      std::chrono::milliseconds(100));
}

/// Schemas are asked for once: no connection is kept.
Result<Answer> HttpRegistry::exchange(http::verb verb, const std::string& target,
                                      const std::string& body) {
  Exchange one;
  one.response.body_limit(kAnswerBytesMax);
  fill(verb, target, body, &one.request);
  url_.secure ? run_secure(one) : run(one);
  if (!one.done || one.failed == boost::beast::error::timeout) {
    return fail(ErrorCode::kTimeout,
                fmt::format("no answer within {} ms", address_.timeout_us / 1000))
        .with_hint("is it up? is the URL right?");
  }
  if (one.failed) {
    const bool of_tls = one.failed.category() == boost::asio::error::get_ssl_category();
    return fail(ErrorCode::kUnavailable, one.failed.message())
        .with_hint(of_tls ? "'….ssl.ca.pem' = '${file:/path}' says who is trusted"
                          : "is it up? is the URL right?");
  }
  return Answer{one.response.get().result_int(), one.response.get().body()};
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

Result<uint32_t> HttpRegistry::post(const std::string& target, const NewSchema& schema,
                                    const char* wanted) {
  json body = {{"schema", schema.text}};
  if (schema.type != "AVRO") body["schemaType"] = schema.type;
  for (const SchemaReference& one : schema.references) {
    body["references"].push_back(
        {{"name", one.name}, {"subject", one.subject}, {"version", one.version}});
  }
  const json answer = TRY(ask(http::verb::post, target, body.dump()));
  if (answer.contains(wanted) && answer[wanted].is_number_unsigned()) {
    return answer[wanted].get<uint32_t>();
  }
  return fail(ErrorCode::kUnavailable, fmt::format("an answer without '{}'", wanted));
}

}  // namespace

Result<std::shared_ptr<SchemaRegistry>> connect_registry(RegistryAddress address) {
  Url url = TRY(parse_url(address.url));
  return std::shared_ptr<SchemaRegistry>(
      std::make_shared<HttpRegistry>(std::move(address), std::move(url)));
}

}  // namespace velo
