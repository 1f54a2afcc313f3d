#pragma once

#include "plan/query_binder.h"

namespace velo {

/// Options as written, as they are kept: variables replaced, other spellings turned into the
/// primary one. Remembers where each stood.
class WrittenOptions {
 public:
  /// Adds the list. Errors: a variable that is not set, an option given twice.
  Status add(const BindSession& session, const std::vector<ast::Option>& options);
  /// Adds one that nobody wrote; keeps a written one.
  void add_default(std::string_view name, std::string value);
  void rename(std::string_view from, std::string to);
  void erase(std::string_view name);
  const OptionMap& values() const { return values_; }
  const std::string* find(std::string_view name) const;
  void set(std::string_view name, std::string value);
  /// Where the name or the value stands; `fallback` for one that nobody wrote.
  SourceSpan key_span(std::string_view name, SourceSpan fallback) const;
  SourceSpan value_span(std::string_view name, SourceSpan fallback) const;

 private:
  struct Spans {
    SourceSpan key;
    SourceSpan value;
  };
  OptionMap values_;
  std::map<std::string, Spans, std::less<>> spans_;
};

/// What Velostream's and ksqlDB's spellings say beside options of the table itself.
struct EventTimeOptions {
  std::string field;     ///< event.time.field; "" = none
  std::string format;    ///< event.time.format
  int64_t delay_us = 0;  ///< watermark.max_out_of_orderness
  SourceSpan span;
};

/// Turns 'x.type' = 'kafka_source', 'x.path', 'kafka_topic', 'value_format', 'event.time.field' …
/// into the primary spelling. `name`: of the table, the x.
Result<EventTimeOptions> map_dialect_options(const BindSession& session, std::string_view name,
                                             WrittenOptions* options, SourceSpan span);

/// Checks the options of a table and fills in options and traits. Errors stand at the option.
Status check_options(const BindSession& session, const WrittenOptions& options, SourceSpan span,
                     TableDef* table);

/// CREATE TABLE or STREAM without AS SELECT.
Result<TableDefPtr> bind_table(BindSession& session, const ast::CreateTable& create);

/// A table whose columns nobody declared.
struct FoundTable {
  TableDefPtr table;
  OptionMap options;  ///< that were found, too
  std::string guess;  ///< see InferredTable
};

/// CREATE TABLE without columns, whatever its options say of inference.
Result<FoundTable> bind_found_table(BindSession& session, const ast::CreateTable& create);

/// Says what was guessed, if anything was.
void warn_of_guess(BindSession& session, const FoundTable& found, SourceSpan span);

/// The same table with some options replaced: FROM t WITH ('scan.startup.mode' = '…').
Result<TableDefPtr> with_options(const BindSession& session, const TableDef& table,
                                 const std::vector<ast::Option>& options);

/// A table that CREATE … AS SELECT makes: columns are those of the query.
Result<TableDefPtr> bind_created_table(BindSession& session, const ast::CreateTable& create,
                                       const PlanNode& query);

}  // namespace velo
