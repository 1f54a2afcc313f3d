#pragma once

#include "plan/bind_session.h"
#include "plan/table_binder.h"
#include "sql/ast.h"

namespace velo {

/// kafka('topic' [, option => 'value' …] [, MAP['option', 'value', …]]): a topic that nobody has
/// declared, read to what is its end now. An option's name is quoted, or has _ for its dots and
/// dashes; `brokers` is 'properties.bootstrap.servers'.
///
/// What the call does not say comes from the settings 'kafka.*' as far as it means something there,
/// the brokers in the end from $VELO_KAFKA_BROKERS.
bool is_topic_function(const ast::Call& call);

/// The call, if an item of FROM is one.
const ast::Call* topic_call(const ast::TableRef& ref);

/// Looks at the topic. `written`: gets the options that CREATE TABLE needs, as they were written,
/// without those that only end the look; may be null. Errors: no brokers, no topic, an empty one,
/// an option that is none.
Result<FoundTable> bind_topic(BindSession& session, const ast::Call& call, SourceSpan span,
                              OptionMap* written = nullptr);

/// A setting that holds an option for topics: its text keeps its variables.
bool is_topic_setting(std::string_view name);

/// The options that settings and environment say for all topics, as written.
OptionMap topic_defaults(const OptionMap& settings, const VariableLookup& variables);

}  // namespace velo
