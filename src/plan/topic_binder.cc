// kafka('topic', …): options of the call, of the settings and of the environment make a table whose
// columns are looked for in the topic.
#include "plan/topic_binder.h"

#include <algorithm>

#include "base/fmt.h"
#include "base/letters.h"

namespace velo {
namespace {

constexpr std::string_view kSettingPrefix = "kafka.";
constexpr std::string_view kBrokers = "properties.bootstrap.servers";
constexpr std::string_view kEnd = "scan.bounded.mode";

/// An option's name as an identifier can be written.
std::string as_word(std::string_view option) {
  std::string word = to_lower(option);
  std::replace_if(word.begin(), word.end(), [](char c) { return c == '.' || c == '-'; }, '_');
  return word;
}

/// The text of a constant; nothing for any other expression.
std::optional<std::string> constant_text(const ast::Expr& expr) {
  const auto* literal = expr.as<ast::Literal>();
  if (literal == nullptr || literal->kind == ast::LiteralKind::kNull) return std::nullopt;
  return literal->kind == ast::LiteralKind::kBoolean ? to_lower(literal->text) : literal->text;
}

/// What the call says, as options of a table.
class TopicArguments {
 public:
  TopicArguments(BindSession& session, SourceSpan span) : session_(session), span_(span) {}

  Status read(const ast::Call& call) {
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      const ast::Argument& argument = call.arguments[i];
      if (argument.name) {
        TRY(add(option_of(*argument.name), argument.value, argument.name->span));
      } else if (i == 0) {
        TRY(add("topic", argument.value, argument.value.span));
      } else if (const auto* map = argument.value.as<ast::MapValue>()) {
        TRY(add_map(*map));
      } else {
        return bad(argument.value.span);
      }
    }
    if (topic_.empty()) return bad(span_);
    return {};
  }
  const std::string& topic() const { return topic_; }
  std::vector<ast::Option> options;

 private:
  Error bad(SourceSpan span) const {
    return session_.error(ErrorCode::kInvalidStatement, "kafka() wants a topic and options", span)
        .with_hint(
            "kafka('trades', brokers => 'host:9092', \"scan.startup.mode\" => 'latest-offset')");
  }
  Status add(std::string key, const ast::Expr& value, SourceSpan key_span) {
    const std::optional<std::string> text = constant_text(value);
    if (!text) return bad(value.span);
    const bool twice = std::any_of(options.begin(), options.end(),
                                   [&](const ast::Option& o) { return o.key == key; });
    if (twice) {
      return session_.error(ErrorCode::kDuplicateName,
                            fmt::format("the option '{}' is given twice", key), key_span);
    }
    if (key == "topic") topic_ = *text;
    options.push_back({std::move(key), *text, key_span, value.span});
    return {};
  }
  Status add_map(const ast::MapValue& map) {
    for (size_t i = 0; i + 1 < map.entries.size(); i += 2) {
      const std::optional<std::string> key = constant_text(map.entries[i]);
      if (!key) return bad(map.entries[i].span);
      TRY(add(*key, map.entries[i + 1], map.entries[i].span));
    }
    return {};
  }
  std::string option_of(const ast::Name& name) const {
    if (name.quoted) return name.text;
    const std::string word = to_lower(name.text);
    if (word == "brokers") return std::string(kBrokers);
    const OptionMap kafka = {{"connector", "kafka"}};
    std::vector<std::string> known = session_.kinds().option_names(kafka);
    for (const OptionInfo& info : plan_table_options()) known.emplace_back(info.name);
    for (const std::string& option : known) {
      if (as_word(option) == word) return option;
    }
    return word;
  }

  BindSession& session_;
  SourceSpan span_;
  std::string topic_;
};

void add_unless_given(std::vector<ast::Option>* options, const std::string& key,
                      const std::string& value, SourceSpan span) {
  const bool given = std::any_of(options->begin(), options->end(),
                                 [&](const ast::Option& o) { return o.key == key; });
  if (!given) options->push_back({key, value, span, span});
}

/// Those of `defaults` that a table with these options knows.
OptionMap known_defaults(const BindSession& session, const std::vector<ast::Option>& given,
                         const OptionMap& defaults) {
  OptionMap all = defaults;
  for (const ast::Option& option : given) all[option.key] = option.value;
  OptionMap known = defaults;
  for (const OptionProblem& problem : session.kinds().check(all)) {
    if (problem.error.code == ErrorCode::kUnknownOption &&
        !problem.option.starts_with("properties.")) {
      known.erase(problem.option);
    }
  }
  return known;
}

Status check_brokers(const BindSession& session, const std::vector<ast::Option>& options,
                     const std::string& topic, SourceSpan span) {
  const bool given = std::any_of(options.begin(), options.end(), [](const ast::Option& option) {
    return option.key == kBrokers || option.key == "bootstrap.servers";
  });
  if (given) return {};
  return session
      .error(ErrorCode::kMissingOption, fmt::format("the brokers of '{}' are not known", topic),
             span)
      .with_hint(fmt::format("kafka('{}', brokers => 'host:9092'), or SET 'kafka.{}' = "
                             "'host:9092', or $VELO_KAFKA_BROKERS",
                             topic, kBrokers));
}

}  // namespace

bool is_topic_function(const ast::Call& call) {
  return !call.name.quoted && equals_ignoring_case(call.name.text, "kafka");
}

const ast::Call* topic_call(const ast::TableRef& ref) {
  const auto* function = ref.as<ast::TableFunction>();
  if (function == nullptr || function->with_ordinality) return nullptr;
  const auto* call = function->call->as<ast::Call>();
  return call != nullptr && is_topic_function(*call) ? call : nullptr;
}

bool is_topic_setting(std::string_view name) { return name.starts_with(kSettingPrefix); }

OptionMap topic_defaults(const OptionMap& settings, const VariableLookup& variables) {
  OptionMap defaults;
  for (const auto& [name, value] : settings) {
    if (is_topic_setting(name)) defaults[name.substr(kSettingPrefix.size())] = value;
  }
  if (!defaults.contains(kBrokers) && variables) {
    if (const auto brokers = variables("VELO_KAFKA_BROKERS"); brokers && !brokers->empty()) {
      defaults[std::string(kBrokers)] = *brokers;
    }
  }
  return defaults;
}

Result<FoundTable> bind_topic(BindSession& session, const ast::Call& call, SourceSpan span,
                              OptionMap* written) {
  TopicArguments arguments(session, span);
  TRY(arguments.read(call));
  std::vector<ast::Option>& given = arguments.options;
  add_unless_given(&given, "connector", "kafka", span);
  const OptionMap defaults =
      topic_defaults(*session.context().settings, session.context().variables);
  ast::CreateTable create;
  ast::Name name;
  name.text = arguments.topic();
  create.name.parts.push_back(std::move(name));
  create.name.span = span;
  // With what is said; and, where only the format could be seen, once more with that.
  for (;;) {
    create.options = given;
    for (const auto& [key, value] : known_defaults(session, given, defaults)) {
      add_unless_given(&create.options, key, value, span);
    }
    TRY(check_brokers(session, create.options, arguments.topic(), span));
    const std::vector<ast::Option> said = create.options;
    add_unless_given(&create.options, std::string(kEnd), "latest-offset", span);
    FoundTable found = TRY(bind_found_table(session, create));
    const bool only_format = found.table->columns.empty() || found.table->columns[0].is_system;
    if (only_format && !found.options.empty()) {
      for (const auto& [key, value] : found.options) add_unless_given(&given, key, value, span);
      continue;
    }
    if (written != nullptr) {
      *written = found.options;
      for (const ast::Option& option : said) (*written)[option.key] = option.value;
    }
    return found;
  }
}

void warn_of_guess(BindSession& session, const FoundTable& found, SourceSpan span) {
  if (found.guess.empty()) return;
  std::string columns;
  for (const TableColumn& column : found.table->columns) {
    if (column.is_system) continue;
    columns +=
        fmt::format("{}{} {}", columns.empty() ? "" : ", ", column.name, column.type.to_string());
  }
  session.warn(fmt::format("'{}' is read as format '{}' with columns {}: guessed from {}",
                           found.table->name, found.table->option("format"), columns, found.guess),
               span,
               fmt::format("DESCRIBE kafka('{}') prints a CREATE TABLE to correct and keep",
                           found.table->option("topic")));
}

}  // namespace velo
