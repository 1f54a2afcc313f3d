#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "column/type.h"
#include "expr/aggregate.h"
#include "expr/expr.h"
#include "expr/over_call.h"
#include "expr/time_zone.h"
#include "plan/table_def.h"
#include "sql/source_span.h"

/// What a query means, with every name resolved and every type known, and nothing about how it
/// runs. Nodes are immutable once the binder or a rewrite has built them, and shared: a rewrite
/// shares what it does not change. Thread-safe to read.
namespace velo {

enum class PlanKind : uint8_t {
  kScan,
  kNormalize,
  kKeepLast,
  kToChangelog,
  kFromChangelog,
  kValues,
  kFilter,
  kProject,
  kProcessingTime,
  kWindowAssign,
  kExpand,
  kUnnest,
  kWindowAggregate,
  kAggregate,
  kOver,
  kUnion,
  kRepeat,
  kRepartition,
  kJoin,
  kTopN,
  kOrderBy,
  kLimit,
  kShared,
  kSink,
};

/// What a column has to do with a window that its row lies in.
enum class WindowRole : uint8_t { kNone, kStart, kEnd, kTime };

/// What is known of an output column beside its name and type.
struct ColumnTraits {
  /// An event time: under watermark w no more rows come with a value ≤ w in this column. Windows
  /// and joins may be built on it. Its precision is that of its type (Type::step_us).
  bool event_time = false;
  WindowRole window = WindowRole::kNone;
  /// PROCTIME(): the wall clock at which a row passes. A window over it makes an event time of it.
  bool processing_time = false;
  bool operator==(const ColumnTraits&) const = default;
};

/// Whether rows, once given, may be taken back.
struct Changelog {
  bool changing = false;
  /// Output columns that identify a row; empty while changing = none known, or one row in all
  /// (`single_row`).
  std::vector<size_t> key;
  bool single_row = false;
  std::string cause;  ///< the clause that makes it change: "GROUP BY without a window"
  SourceSpan cause_span;
};

struct PlanNode;
using PlanPtr = std::shared_ptr<const PlanNode>;

/// What all nodes have.
struct PlanNode {
  explicit PlanNode(PlanKind k) : kind(k) {}
  virtual ~PlanNode() = default;

  PlanKind kind;
  SchemaPtr schema;                  ///< of the output
  std::vector<ColumnTraits> traits;  ///< one per output column
  Changelog changelog;               ///< of the output
  bool bounded = false;              ///< the output ends by itself
  std::vector<PlanPtr> inputs;
  SourceSpan span;  ///< the clause that it stands for, in the text of its statement

  const PlanPtr& input() const { return inputs[0]; }
  /// REQUIRES: T is the struct of this kind.
  template <typename T>
  const T& as() const {
    return static_cast<const T&>(*this);
  }
};

/// Rows of a table. Its records are decoded to the columns [fields…, metadata…] ("the layout"),
/// from which `outputs` are computed, one expression per output column. The watermark is taken of
/// the output rows before any filter above sees them.
struct ScanNode : PlanNode {
  ScanNode() : PlanNode(PlanKind::kScan) {}
  TableDefPtr table;
  std::vector<size_t>
      fields;  ///< columns of the table that are decoded, ascending: only those read
  std::vector<size_t> metadata;  ///< METADATA columns of the table that are read, ascending
  SchemaPtr layout;  ///< fields, then metadata, under their names in the table; of a ROW perhaps
                     ///< only the fields that are read
  std::vector<ExprPtr> outputs;        ///< over `layout`: the output columns, then the paths
  std::vector<size_t> output_columns;  ///< of the table
  std::vector<ExprPtr> paths;          ///< fields of ROW columns, over the table's columns
  /// Empty: nobody above needs it.
  struct Watermark {
    size_t column;                    ///< the event time column, of the output
    ExprPtr expr;                     ///< over the output: ts - INTERVAL '5' SECOND
    std::optional<int64_t> delay_us;  ///< if `expr` is the column minus a constant
  };
  std::optional<Watermark> watermark;
};

/// Constant rows.
struct ValuesNode : PlanNode {
  ValuesNode() : PlanNode(PlanKind::kValues) {}
  std::vector<std::vector<ExprPtr>>
      rows;  ///< constant, of the schema's types; a row may have no columns
};

/// The rows for which `predicate` is TRUE.
struct FilterNode : PlanNode {
  FilterNode() : PlanNode(PlanKind::kFilter) {}
  ExprPtr predicate;  ///< BOOLEAN, over the input
};

struct ProjectNode : PlanNode {
  ProjectNode() : PlanNode(PlanKind::kProject) {}
  std::vector<ExprPtr> exprs;  ///< over the input, one per output column
};

/// Every row with the wall clock at which it came appended; the clock is that time's watermark, and
/// no other time of the input counts any more.
struct ProcessingTimeNode : PlanNode {
  ProcessingTimeNode() : PlanNode(PlanKind::kProcessingTime) {}
};

enum class PlanWindowKind : uint8_t { kTumble, kHop, kCumulate, kSession };

/// What the lengths of a window count. Fixed windows are aligned to the epoch, calendar ones to the
/// calendar of their zone.
enum class WindowUnit : uint8_t { kMicroseconds, kDays, kWeeks, kMonths };

/// A window. For calendar units (a quarter is 3 months, a year 12): months are counted from
/// 1970-01, days from 1970-01-01, weeks from the first `week_start` on or before 1970-01-01.
struct PlanWindow {
  PlanWindowKind kind = PlanWindowKind::kTumble;
  WindowUnit unit = WindowUnit::kMicroseconds;  ///< of size and slide
  int64_t size = 0;                             ///< tumble, hop, cumulate (the largest)
  int64_t slide = 0;      ///< hop: from start to start; cumulate: the step, which divides the size
  int64_t gap_us = 0;     ///< session: end = last event + gap
  int64_t offset_us = 0;  ///< added to every boundary; with calendar units to the wall-clock time
  const TimeZone* zone = TimeZone::utc();  ///< calendar units only
  int week_start = 1;                      ///< kWeeks: 1 = Monday … 7 = Sunday
  size_t time_column = 0;                  ///< of the input: an event time column
  /// Each instant of the time column is a window, which is that of the input's own windows: GROUP
  /// BY the bounds of an inner window. A kTumble of one step.
  bool instants = false;
  bool operator==(const PlanWindow&) const = default;
};

/// Every row once per window that it lies in, with window_start, window_end, window_time appended.
/// What remains of a window function in FROM when there is no GROUP BY over it. Never kSession.
struct WindowAssignNode : PlanNode {
  WindowAssignNode() : PlanNode(PlanKind::kWindowAssign) {}
  PlanWindow window;
};

/// Every row once per grouping set of GROUPING SETS, ROLLUP or CUBE. Output: the input's columns,
/// the keys (NULL where the set of the row lacks them), the number of the set (BIGINT).
struct ExpandNode : PlanNode {
  ExpandNode() : PlanNode(PlanKind::kExpand) {}
  std::vector<ExprPtr> keys;            ///< over the input
  std::vector<std::vector<bool>> sets;  ///< for every set and key: whether the set has it
};

/// Every row once per element of an ARRAY or MAP. Output: the input's columns; the element, of a
/// MAP key and value, of an ARRAY of ROW its fields; its position (BIGINT from 1) if `ordinality`.
struct UnnestNode : PlanNode {
  UnnestNode() : PlanNode(PlanKind::kUnnest) {}
  ExprPtr list;             ///< over the input
  bool ordinality = false;  ///< WITH ORDINALITY
  bool keep_empty = false;  ///< LEFT JOIN: a row without elements once, with NULLs
};

enum class PlanEmitMode : uint8_t {
  kFinal,    ///< a group's row once: when its window fires, or when the input ends
  kChanges,  ///< refinements as they happen
  kEvery,    ///< at most one refinement per key and interval
};
struct PlanEmit {
  PlanEmitMode mode = PlanEmitMode::kFinal;
  int64_t every_us = 0;  ///< kEvery
  bool coalesce = true;  ///< kChanges: one refinement per key and batch
};

/// Why the state of an operator cannot grow for ever.
enum class StateBoundKind : uint8_t {
  kWatermark,     ///< windows are dropped once the watermark has passed them
  kSingleGroup,   ///< there is one group only
  kBoundedInput,  ///< the input ends
  kTtl,           ///< a key not touched for `ttl_us` is forgotten
  kAllowed,       ///< it can: 'state.unbounded'='allow'
  kWarned,        ///< it can: somebody looks on (a bare SELECT)
};
struct PlanStateBound {
  StateBoundKind kind = StateBoundKind::kWatermark;
  int64_t ttl_us = 0;
};

/// Changes by key made whole: its input says of each key what its row now is, or that there is
/// none; the output takes back the row that was. Keeps the last row of every key.
struct NormalizeNode : PlanNode {
  NormalizeNode() : PlanNode(PlanKind::kNormalize) {}
  std::vector<size_t> key;  ///< columns
  PlanStateBound bound;
};

/// TO_CHANGELOG: one row per change, which stays: a STRING that says its kind, then the input's
/// columns.
struct ToChangelogNode : PlanNode {
  ToChangelogNode() : PlanNode(PlanKind::kToChangelog) {}
  std::vector<size_t> key;  ///< of the input: tells updates from deletions and insertions
  /// What the first column says of +I, -U, +U, -D; nothing: such changes are left out.
  std::array<std::optional<std::string>, 4> codes;
};

/// FROM_CHANGELOG: the input's columns but for one, which says whether the row comes or goes.
struct FromChangelogNode : PlanNode {
  FromChangelogNode() : PlanNode(PlanKind::kFromChangelog) {}
  size_t op = 0;                                        ///< a STRING column of the input
  std::map<std::string, int64_t, std::less<>> weights;  ///< +1 or −1 by what it says
};

/// Of the rows with a key in common only the last is shown: what upserts by that key need of a
/// result whose own rows are told apart otherwise, or not at all.
struct KeepLastNode : PlanNode {
  KeepLastNode() : PlanNode(PlanKind::kKeepLast) {}
  std::vector<size_t> key;  ///< columns
  PlanStateBound bound;
};

/// What a late row says about itself to a LATE DATA sink.
enum class LateField : uint8_t {
  kInput,      ///< column `input_column` of the aggregation's input
  kWatermark,  ///< TIMESTAMP as the time column
  kWindowStart,
  kWindowEnd,
  kLateBy,    ///< INTERVAL DAY: watermark − event time
  kPosition,  ///< STRING, partition:offset in its source
  kNamed,     ///< of a join: the column `name` of the side that the row is of; NULL if it has none
  kNull,
};
struct LateColumn {
  LateField field = LateField::kInput;
  size_t input_column = 0;   ///< kInput: that column; kPosition: the partition
  size_t offset_column = 0;  ///< kPosition: the offset
  std::string name;          ///< kNamed
  bool reads_input() const { return field == LateField::kInput || field == LateField::kPosition; }
};
/// LATE DATA TO table: rows dropped from a window, or not taken by a join, go there.
struct PlanLateOutput {
  TableDefPtr table;
  SchemaPtr schema;                 ///< of the rows written
  std::vector<LateColumn> columns;  ///< one per column of `schema`
};

/// One aggregate of a grouping; its inputs, filter and order are expressions over the grouping's
/// input.
struct PlanAggregate {
  Aggregate aggregate;
  std::string name;  ///< of the output column
};

/// Which of a window's columns are output, in this order.
struct WindowOutputs {
  bool start = false;
  bool end = false;
  bool time = false;  ///< end − 1 ms
};

/// GROUP BY keys and a window. Output: keys, window columns, aggregates. Expressions over the
/// aggregates and HAVING stand in a Project and a Filter above.
struct WindowAggregateNode : PlanNode {
  WindowAggregateNode() : PlanNode(PlanKind::kWindowAggregate) {}
  PlanWindow window;
  std::vector<ExprPtr> keys;  ///< over the input; may be none
  std::vector<PlanAggregate> aggregates;
  /// The last key numbers the grouping sets of an Expand below: a late row counts once, not once
  /// per set.
  bool grouping_sets = false;
  WindowOutputs outputs;
  PlanEmit emit;
  int64_t early_us = 0;     ///< instants: how long before its value a bound's rows are complete
  int64_t lateness_us = 0;  ///< ALLOWED LATENESS: late rows correct what was emitted
  int64_t grace_us = 0;     ///< GRACE PERIOD: it sees the watermark so much later (+∞ stays)
  std::optional<PlanLateOutput> late;
  PlanStateBound bound;
};

/// GROUP BY without a window, and DISTINCT (no aggregates). Output: keys, aggregates. Without keys
/// there is one group, which exists even over no rows.
struct AggregateNode : PlanNode {
  AggregateNode() : PlanNode(PlanKind::kAggregate) {}
  std::vector<ExprPtr> keys;
  std::vector<PlanAggregate> aggregates;
  /// Of the input: for FIRST_VALUE and its kin. Empty: arrival decides.
  std::optional<size_t> time_column;
  /// Grouping sets without keys, by the number that is the last key: their groups exist even over
  /// no rows, all other keys NULL.
  std::vector<int64_t> standing;
  /// Over the rows of one thread, some of them at a time: of one group come several rows, which a
  /// grouping above makes one.
  bool partial = false;
  std::string clause;  ///< what it was made of, where that is not GROUP BY or DISTINCT
  PlanEmit emit;
  PlanStateBound bound;
};

struct PlanOrder {
  ExprPtr key;
  bool descending = false;
  bool nulls_first = false;
};

/// When rows of OVER are answered.
enum class PlanOverForm : uint8_t {
  kTime,     ///< in the order of an event time, once the watermark has passed what they need
  kWindow,   ///< partitions whole, when the watermark has passed their event time
  kEnd,      ///< partitions whole, when the input has ended
  kChanges,  ///< as they come, and anew when other rows change what was given
};

struct PlanOverCall {
  OverCall call;
  std::string name;  ///< of the output column
};

/// Every row with what is computed of the rows of its partition appended:
/// f(x) OVER (PARTITION BY … ORDER BY …).
struct OverNode : PlanNode {
  OverNode() : PlanNode(PlanKind::kOver) {}
  std::vector<ExprPtr> partition;  ///< over the input; may be none
  std::vector<PlanOrder> order;    ///< over the input; may be none
  std::vector<PlanOverCall> calls;
  PlanOverForm form = PlanOverForm::kChanges;
  size_t time_column = 0;  ///< kTime: the first of `order`; kWindow: among `partition`
  int64_t shift_us = 0;    ///< rows come until the watermark reaches time + shift
  PlanStateBound bound;
  PlanStateBound fallback;  ///< the bound if neither time nor the end of the input gives one
};

/// UNION ALL: the rows of all inputs, which have the same types.
struct UnionNode : PlanNode {
  UnionNode() : PlanNode(PlanKind::kUnion) {}
};

/// Every row `times` times, none at all if that is not positive: what INTERSECT ALL and EXCEPT ALL
/// make of their counts.
struct RepeatNode : PlanNode {
  RepeatNode() : PlanNode(PlanKind::kRepeat) {}
  ExprPtr times;  ///< BIGINT, over the input
};

/// The same rows, dealt by key to the processes that run this plan together: they go through a
/// topic of the job's own. Behind the input's columns stand those that say where a row came from.
struct RepartitionNode : PlanNode {
  RepartitionNode() : PlanNode(PlanKind::kRepartition) {}
  std::vector<ExprPtr> keys;  ///< over the output; rows of equal keys come to one process
  std::string topic;
  std::string reason;  ///< why the rows cannot stay where they are
  std::vector<std::string> like;  ///< topics: it has as many partitions as the largest
  /// Of the input, the last columns: its topic (STRING), partition (INTEGER), offset (BIGINT).
  /// Until they are there, none.
  bool has_origins = false;
};
inline constexpr size_t kOriginColumns = 3;

enum class PlanJoinKind : uint8_t {
  kInner,
  kLeft,
  kRight,
  kFull,
  kSemi,
  kAnti,
  kMark,    ///< every left row, and whether it has a partner
  kSingle,  ///< as kLeft, but a left row with two partners fails
};

/// The times of partners: lower ≤ right − left ≤ upper. A row with time t comes at the latest when
/// the watermark reaches t + its side's shift.
struct JoinTimes {
  size_t left_column = 0;   ///< of the left input
  size_t right_column = 0;  ///< of the right input
  int64_t lower_us = 0;
  int64_t upper_us = 0;
  int64_t left_shift_us = 0;
  int64_t right_shift_us = 0;
  bool operator==(const JoinTimes&) const = default;
};

/// How the sides of a join wait for each other.
enum class JoinForm : uint8_t {
  kInterval,  ///< `times` bound how long rows are kept
  kBuild,     ///< one side ends: it is read first, and the other passes by it
  kStream,    ///< rows of both sides are kept
  kAsof,      ///< each left row with the last right one of its key that is not after it
};

/// Rows of two inputs that meet the condition. Output: left columns, then right ones; of kSemi and
/// kAnti the left ones; of kMark the left ones and a BOOLEAN.
struct JoinNode : PlanNode {
  JoinNode() : PlanNode(PlanKind::kJoin) {}
  PlanJoinKind join = PlanJoinKind::kInner;
  std::vector<ExprPtr> conjuncts;  ///< all that was asked, over left columns, then right ones
  int64_t grace_us = 0;            ///< it sees the watermark so much later
  bool asof = false;               ///< ASOF, FOR SYSTEM_TIME AS OF an event time
  /// kMark: equalities of a left column with a right one that must hold of a partner as well. One
  /// that is not known to be FALSE of any partner but holds of none makes the mark NULL: `x IN
  /// (…)`.
  std::vector<ExprPtr> compared;
  std::string mark;      ///< kMark: name of its column
  bool one_row = false;  ///< kSingle: no left row can have two partners
  // What became of the conjuncts:
  std::vector<ExprPtr> left_keys;   ///< over the left input
  std::vector<ExprPtr> right_keys;  ///< over the right input, of the same types
  std::vector<ExprPtr> rest;        ///< over both
  JoinForm form = JoinForm::kStream;
  std::optional<JoinTimes> times;  ///< kInterval, kAsof (its lower bound has no meaning)
  size_t build = 1;                ///< kBuild: the input that is read first
  std::string_view build_reason;   ///< where either could have been: why this one
  bool moved = false;              ///< before others that FROM names first
  PlanStateBound bound;
  /// The bound if neither time nor the end of an input gives one.
  PlanStateBound fallback;
  std::optional<PlanLateOutput> late;  ///< kInterval, kAsof
};

/// When the first rows of a partition are known.
enum class TopNForm : uint8_t {
  kWindow,  ///< when the watermark has passed the partition's event time
  kEnd,     ///< when the input has ended
  kStream,  ///< never: rows come out, and go when others push them out
};

/// The rows of every partition whose rank is at most `limit`. Output: the input's columns, then the
/// rank if `with_rank`.
struct TopNNode : PlanNode {
  TopNNode() : PlanNode(PlanKind::kTopN) {}
  std::vector<ExprPtr> partition;
  std::vector<PlanOrder> order;
  OverFunction rank = OverFunction::kRowNumber;  ///< or kRank, kDenseRank
  int64_t limit = 1;
  bool with_rank = false;
  TopNForm form = TopNForm::kStream;
  size_t time_column = 0;  ///< kWindow: of the input, among the partition's
  int64_t shift_us = 0;    ///< kWindow: its rows come until the watermark reaches time + shift
  PlanStateBound bound;
  PlanStateBound fallback;  ///< the bound if neither time nor the end of the input gives one
};

/// All rows in order: when the input has ended; or, where the first key is an event time, those of
/// a time when the watermark has passed it. REQUIRES: an input that ends or such a key.
struct OrderByNode : PlanNode {
  OrderByNode() : PlanNode(PlanKind::kOrderBy) {}
  std::vector<PlanOrder> keys;
  std::optional<size_t> time_column;  ///< of the input: the first key
  int64_t shift_us = 0;               ///< its rows come until the watermark reaches time + shift
};

/// The first rows; then the query is done.
struct LimitNode : PlanNode {
  LimitNode() : PlanNode(PlanKind::kLimit) {}
  std::optional<int64_t> limit;
  int64_t offset = 0;
};

/// A stream or table made AS SELECT without a connector: `inputs[0]` runs once per run, however
/// many read it. The same name with the same `inputs[0]` (by pointer) is the same running sub-plan.
/// No rewrite looks below it.
struct SharedNode : PlanNode {
  SharedNode() : PlanNode(PlanKind::kShared) {}
  std::string name;
};

/// Rows written to a table. The input's columns are exactly those written, in order and type.
struct SinkNode : PlanNode {
  SinkNode() : PlanNode(PlanKind::kSink) {}
  TableDefPtr table;
  std::vector<size_t> columns;  ///< of the table, one per input column
  SinkEncoding encoding = SinkEncoding::kAppend;
  std::vector<size_t> primary_key;  ///< input columns; empty unless the table declares one
};

}  // namespace velo
