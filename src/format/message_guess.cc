#include "format/message_guess.h"

#include <algorithm>

#include "base/fmt.h"
#include "format/confluent_framing.h"
#include "format/field_text.h"
#include "format/formats.h"
#include "format/json_infer.h"

namespace velo {
namespace {

using Values = std::vector<std::string_view>;

/// A guess holds where it does for most of the values: some are bad in many topics.
bool most(size_t fit, const Values& values) { return fit > 0 && fit * 2 > values.size(); }

template <typename Test>
size_t count_of(const Values& values, const Test& test) {
  return static_cast<size_t>(std::count_if(values.begin(), values.end(), test));
}

constexpr std::string_view kBare[] = {"/before", "/after"};
constexpr std::string_view kInPayload[] = {"/payload/before", "/payload/after"};

bool is_envelope(std::string_view value, std::string_view in) {
  const std::string op = std::string(in) + "/op";
  return json_has(value, op) && (json_has(value, std::string(in) + "/after") ||
                                 json_has(value, std::string(in) + "/before"));
}

/// Of JSON objects; `pointers`: the rows are inside.
void see_json(const Values& values, std::span<const std::string_view> pointers,
              MessageGuess* guess) {
  JsonInference inference;
  for (const std::string_view value : values) {
    if (!inference.see(value, pointers)) ++guess->misfits;
  }
  guess->columns = inference.columns();
}

void see_debezium(const Values& values, bool in_payload, MessageGuess* guess) {
  guess->format = "debezium-json";
  if (in_payload) guess->options["debezium-json.schema-include"] = "true";
  see_json(values, in_payload ? std::span(kInPayload) : std::span(kBare), guess);
}

/// The delimiter that stands in most values, and in those equally often; 0: none.
char delimiter_of(const Values& values) {
  for (const char delimiter : {'\t', ';', '|', ','}) {
    const auto number = [&](std::string_view value) {
      return std::count(value.begin(), value.end(), delimiter);
    };
    const auto first = number(values[0]);
    if (first == 0) continue;
    if (most(count_of(values, [&](std::string_view v) { return number(v) == first; }), values)) {
      return delimiter;
    }
  }
  return 0;
}

Status see_csv(const Values& values, const OptionMap& given, MessageGuess* guess) {
  guess->format = "csv";
  OptionMap options = given;
  options["csv.header"] = "false";  // a message has none
  std::string text;
  for (const std::string_view value : values) {
    text += value;
    text += '\n';
  }
  guess->columns = TRY(infer_csv_schema(text, options))->fields();
  return {};
}

void see_raw(const Values& values, MessageGuess* guess) {
  guess->format = "raw";
  const bool text = std::all_of(values.begin(), values.end(), is_utf8);
  guess->columns = {{"value", text ? Type::string() : Type::bytes()}};
}

Status see_any(const Values& values, MessageGuess* guess) {
  uint32_t id = 0;
  const auto framed = [&](std::string_view v) { return read_confluent_header(v, &id); };
  if (most(count_of(values, framed), values)) {
    guess->format = "avro-confluent";
    return {};
  }
  const auto bare = [](std::string_view v) { return is_envelope(v, ""); };
  const auto wrapped = [](std::string_view v) { return is_envelope(v, "/payload"); };
  if (most(count_of(values, bare), values) || most(count_of(values, wrapped), values)) {
    see_debezium(values, most(count_of(values, wrapped), values), guess);
    return {};
  }
  see_json(values, {}, guess);
  if (most(values.size() - guess->misfits, values) && !guess->columns.empty()) {
    guess->format = "json";
    return {};
  }
  guess->misfits = 0;
  const auto line = [](std::string_view v) {
    return is_utf8(v) && v.find('\n') == std::string_view::npos;
  };
  const char delimiter = count_of(values, line) == values.size() ? delimiter_of(values) : '\0';
  if (delimiter == 0) {
    see_raw(values, guess);
    return {};
  }
  if (delimiter != ',') {
    guess->options["csv.delimiter"] = delimiter == '\t' ? "\\t" : std::string(1, delimiter);
  }
  return see_csv(values, guess->options, guess);
}

Status see_known(const Values& values, std::string_view format, const OptionMap& options,
                 MessageGuess* guess) {
  guess->format = format;
  if (format == "json") {
    see_json(values, {}, guess);
  } else if (format == "debezium-json") {
    const auto wrapped = [](std::string_view v) { return is_envelope(v, "/payload"); };
    see_debezium(values, most(count_of(values, wrapped), values), guess);
  } else if (format == "csv") {
    TRY(see_csv(values, options, guess));
  } else if (format == "raw") {
    see_raw(values, guess);
  } else {
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("messages of format '{}' do not show their columns", format))
        .with_hint(fmt::format("a schema does: '{0}.schema' or '{0}.url'", format));
  }
  if (guess->columns.empty()) {
    return Error(ErrorCode::kBadRecord, fmt::format("no message shows columns of '{}'", format));
  }
  return {};
}

/// Whether the key is a column, too: the one column whose text it is in every message.
void see_keys(std::span<const SampledMessage> messages, MessageGuess* guess) {
  std::optional<std::vector<std::string>> same;
  for (const SampledMessage& message : messages) {
    if (!message.key) {
      if (message.value) same.emplace();
      continue;
    }
    guess->has_keys = true;
    guess->keys_are_text = guess->keys_are_text && is_utf8(*message.key);
    if (!message.value || guess->format != "json" || (same && same->empty())) continue;
    const std::vector<std::string> here = json_keys_of_text(*message.value, *message.key);
    if (!same) {
      same = here;
    } else {
      std::erase_if(*same, [&](const std::string& name) {
        return std::find(here.begin(), here.end(), name) == here.end();
      });
    }
  }
  if (!same || same->size() != 1) return;
  const bool is_column =
      std::any_of(guess->columns.begin(), guess->columns.end(),
                  [&](const Field& f) { return f.name == (*same)[0] && f.type.is_string(); });
  if (is_column) guess->key_column = (*same)[0];
}

}  // namespace

Result<MessageGuess> guess_messages(std::span<const SampledMessage> messages,
                                    std::string_view format, const OptionMap& options) {
  Values values;
  for (const SampledMessage& message : messages) {
    if (message.value) values.emplace_back(*message.value);
  }
  if (values.empty()) {
    return Error(ErrorCode::kNotFound, "no message has a value whose columns could be guessed");
  }
  MessageGuess guess;
  if (format.empty()) {
    TRY(see_any(values, &guess));
  } else {
    TRY(see_known(values, format, options, &guess));
  }
  see_keys(messages, &guess);
  return guess;
}

}  // namespace velo
