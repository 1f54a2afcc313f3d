#pragma once

#include "sql/ast_query.h"

/// Syntax trees of statements and scripts. `sql/ast_expr.h` has expressions, `sql/ast_query.h`
/// queries.
namespace velo::ast {

struct Statement;

enum class RelationKind : uint8_t { kTable, kStream, kView };

enum class ColumnKind : uint8_t { kPhysical, kComputed, kMetadata };
struct ColumnDef {
  Name name;
  ColumnKind kind = ColumnKind::kPhysical;
  std::optional<TypeName>
      type;            ///< absent for computed columns and for bare names before AS SELECT
  Box<Expr> computed;  ///< kComputed: `c AS expr`
  std::optional<std::string>
      metadata_key;          ///< kMetadata: METADATA FROM 'key'; absent: the column's name
  bool is_virtual = false;   ///< METADATA VIRTUAL: read, never written
  bool primary_key = false;  ///< `c INT PRIMARY KEY`; also `KEY` (ksqlDB)
  std::optional<std::string> comment;
  SourceSpan span;
  bool operator==(const ColumnDef&) const;
};

/// `WATERMARK FOR ts AS ts - INTERVAL '5' SECOND`.
struct WatermarkDef {
  QualifiedName column;
  Expr strategy;
  SourceSpan span;
  bool operator==(const WatermarkDef&) const;
};

/// `PRIMARY KEY (a, b) [NOT ENFORCED]`.
struct PrimaryKeyDef {
  std::optional<Name> constraint;
  std::vector<Name> columns;
  bool not_enforced = false;
  SourceSpan span;
  bool operator==(const PrimaryKeyDef&) const;
};

/// CREATE TABLE and CREATE STREAM, with columns, with AS SELECT, or both.
struct CreateTable {
  RelationKind kind = RelationKind::kTable;  ///< kTable or kStream
  bool temporary = false;
  bool or_replace = false;
  bool if_not_exists = false;
  QualifiedName name;
  std::vector<ColumnDef> columns;
  std::vector<WatermarkDef> watermarks;
  std::optional<PrimaryKeyDef> primary_key;
  std::optional<std::string> comment;
  std::vector<Name> partitioned_by;
  std::vector<Option> options;
  Box<Query> query;
  bool operator==(const CreateTable&) const;
};

struct CreateView {
  bool temporary = false;
  bool materialized = false;
  bool or_replace = false;
  bool if_not_exists = false;
  QualifiedName name;
  std::vector<Name> columns;
  std::optional<std::string> comment;
  Box<Query> query;
  bool operator==(const CreateView&) const;
};

/// `CREATE FUNCTION f AS 'class' [LANGUAGE JAVA]`: a function of another engine.
struct CreateFunction {
  bool temporary = false;
  bool system = false;
  bool if_not_exists = false;
  QualifiedName name;
  std::string class_name;
  std::optional<Name> language;
  bool operator==(const CreateFunction&) const = default;
};

/// `INSERT INTO t [(columns)] query`, where the query may be VALUES.
struct Insert {
  bool overwrite = false;
  QualifiedName table;
  std::vector<Name> columns;
  Box<Query> query;
  bool operator==(const Insert&) const;
};

/// A bare query: prints its rows, or writes them if it has INTO.
struct SelectStatement {
  Box<Query> query;
  bool operator==(const SelectStatement&) const;
};

struct Explain {
  bool analyze = false;
  std::vector<std::string> details;  ///< EXPLAIN CHANGELOG_MODE, PLAN_ADVICE …: upper case
  Box<Statement> statement;
  bool operator==(const Explain&) const;
};

enum class ShowKind : uint8_t {
  kTables,
  kStreams,
  kViews,
  kTopics,
  kFunctions,
  kJobs,
  kStatus,
  kMetrics,
  kVersions,
  kSchema,
  kProperties,
  kPartitions,
  kColumns,
  kCreate,
  kSettings,
};
std::string_view show_kind_name(ShowKind kind);  ///< "TABLES"
struct Show {
  ShowKind kind = ShowKind::kTables;
  std::optional<RelationKind> relation;  ///< SHOW CREATE TABLE t, SHOW PROPERTIES STREAM s
  std::optional<QualifiedName> name;
  std::optional<std::string> like;
  bool operator==(const Show&) const = default;
};

struct Describe {
  bool extended = false;
  QualifiedName name;
  Box<Expr> call;  ///< DESCRIBE kafka('topic'): instead of a name
  bool operator==(const Describe&) const;
};

struct Drop {
  RelationKind kind = RelationKind::kTable;
  bool temporary = false;
  bool if_exists = false;
  QualifiedName name;
  bool operator==(const Drop&) const = default;
};

/// `SET 'key' = 'value'`, `SET` (show all), `RESET ['key']`.
struct SetOption {
  bool reset = false;
  std::optional<Option> option;  ///< RESET: the value is empty
  bool operator==(const SetOption&) const = default;
};

/// `START JOB j AS statement [WITH (…)]`.
struct StartJob {
  Name name;
  Box<Statement> statement;
  std::vector<Option> options;
  bool operator==(const StartJob&) const;
};

enum class JobAction : uint8_t { kStop, kPause, kResume };
struct ControlJob {
  JobAction action = JobAction::kStop;
  Name name;
  bool force = false;
  bool operator==(const ControlJob&) const = default;
};

/// A comment, with its `--` or `/* */`, without the newline.
struct Comment {
  std::string text;
  bool blank_line_before = false;
  SourceSpan span;
  bool operator==(const Comment&) const = default;
};

/// `-- @name value` or `-- @name: value` in the comments of a statement.
struct Annotation {
  std::string name;   ///< without '@', as written
  std::string value;  ///< trimmed; may be empty
  SourceSpan name_span;
  SourceSpan value_span;
  bool operator==(const Annotation&) const = default;
};

struct Statement : OneOf<Statement> {
  using Node = std::variant<SelectStatement, CreateTable, CreateView, CreateFunction, Insert,
                            Explain, Show, Describe, Drop, SetOption, StartJob, ControlJob>;
  Node node;
  std::vector<Annotation> annotations;
  std::vector<Comment>
      comments;  ///< before and inside the statement, in order; the annotations among them
  std::vector<Comment> trailing_comments;  ///< after its end, on the same line
  SourceSpan span;  ///< first to last token, without comments around it and without ';'

  Statement();
  Statement(const Statement&);
  Statement(Statement&&) noexcept;
  Statement& operator=(const Statement&);
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  bool operator==(const Statement&) const;
};

struct Script {
  std::vector<Statement> statements;
  std::vector<Comment> comments;  ///< after the last statement
  bool operator==(const Script&) const;
};

}  // namespace velo::ast
