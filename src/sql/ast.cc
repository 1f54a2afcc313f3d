#include "sql/ast.h"

#include <algorithm>
#include <array>

#include "base/letters.h"

namespace velo::ast {
namespace {

constexpr std::array<std::string_view, 19> kTimeUnits = {
    "YEAR",   "QUARTER",     "MONTH",       "WEEK",       "DAY",       "HOUR", "MINUTE",
    "SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND", "EPOCH",     "DOW",  "DOY",
    "ISODOW", "ISOYEAR",     "DECADE",      "CENTURY",    "MILLENNIUM"};

constexpr std::array<std::string_view, 26> kTypes = {"BOOLEAN",
                                                     "TINYINT",
                                                     "SMALLINT",
                                                     "INT",
                                                     "BIGINT",
                                                     "FLOAT",
                                                     "DOUBLE",
                                                     "DECIMAL",
                                                     "CHAR",
                                                     "VARCHAR",
                                                     "STRING",
                                                     "BINARY",
                                                     "VARBINARY",
                                                     "BYTES",
                                                     "DATE",
                                                     "TIME",
                                                     "TIMESTAMP",
                                                     "TIMESTAMP_LTZ",
                                                     "INTERVAL YEAR TO MONTH",
                                                     "INTERVAL DAY TO SECOND",
                                                     "INTERVAL",
                                                     "ARRAY",
                                                     "MAP",
                                                     "MULTISET",
                                                     "ROW",
                                                     "NULL"};

constexpr std::array<std::string_view, 16> kBinaryOps = {
    "OR", "AND", "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM",
    "||", "+",   "-", "*",  "/", "%"};

constexpr std::array<std::string_view, 15> kShowKinds = {
    "TABLES",   "STREAMS", "VIEWS",      "TOPICS",     "FUNCTIONS", "JOBS",   "STATUS",  "METRICS",
    "VERSIONS", "SCHEMA",  "PROPERTIES", "PARTITIONS", "COLUMNS",   "CREATE", "SETTINGS"};

}  // namespace

bool Name::matches(std::string_view declared) const {
  return quoted ? text == declared : equals_ignoring_case(text, declared);
}

std::string QualifiedName::to_string() const {
  std::string out;
  for (const Name& part : parts) {
    if (!out.empty()) out += '.';
    out += part.text;
  }
  return out;
}

std::string_view time_unit_name(TimeUnit unit) { return kTimeUnits[static_cast<size_t>(unit)]; }

std::optional<TimeUnit> find_time_unit(std::string_view word) {
  if (equals_ignoring_case(word, "CENTURIES")) return TimeUnit::kCentury;
  if (equals_ignoring_case(word, "MILLENNIA")) return TimeUnit::kMillennium;
  for (size_t i = 0; i < kTimeUnits.size(); ++i) {
    std::string_view unit = kTimeUnits[i];
    bool plural = word.size() == unit.size() + 1 && lower_letter(word.back()) == 's' &&
                  i <= size_t(TimeUnit::kNanosecond);
    if (equals_ignoring_case(plural ? word.substr(0, unit.size()) : word, unit))
      return static_cast<TimeUnit>(i);
  }
  return std::nullopt;
}

std::string_view type_kind_name(TypeKind kind) { return kTypes[static_cast<size_t>(kind)]; }
std::string_view binary_op_text(BinaryOp op) { return kBinaryOps[static_cast<size_t>(op)]; }
std::string_view show_kind_name(ShowKind kind) { return kShowKinds[static_cast<size_t>(kind)]; }

Expr::Expr() = default;
Expr::Expr(Node n, SourceSpan s) : node(std::move(n)), span(s) {}
Expr::Expr(const Expr&) = default;
Expr::Expr(Expr&&) noexcept = default;
Expr& Expr::operator=(const Expr&) = default;
Expr& Expr::operator=(Expr&&) noexcept = default;
Expr::~Expr() = default;

TableRef::TableRef() = default;
TableRef::TableRef(Node n, SourceSpan s) : node(std::move(n)), span(s) {}
TableRef::TableRef(const TableRef&) = default;
TableRef::TableRef(TableRef&&) noexcept = default;
TableRef& TableRef::operator=(const TableRef&) = default;
TableRef& TableRef::operator=(TableRef&&) noexcept = default;
TableRef::~TableRef() = default;

Query::Query() = default;
Query::Query(const Query&) = default;
Query::Query(Query&&) noexcept = default;
Query& Query::operator=(const Query&) = default;
Query& Query::operator=(Query&&) noexcept = default;
Query::~Query() = default;

Statement::Statement() = default;
Statement::Statement(const Statement&) = default;
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(const Statement&) = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

// The comparisons stand here, not in the headers, because in the headers the nodes are not complete
// yet.
bool TypeName::operator==(const TypeName&) const = default;
bool RowField::operator==(const RowField&) const = default;
bool Unary::operator==(const Unary&) const = default;
bool Binary::operator==(const Binary&) const = default;
bool IsTest::operator==(const IsTest&) const = default;
bool Between::operator==(const Between&) const = default;
bool InList::operator==(const InList&) const = default;
bool InQuery::operator==(const InQuery&) const = default;
bool Like::operator==(const Like&) const = default;
bool Quantified::operator==(const Quantified&) const = default;
bool Exists::operator==(const Exists&) const = default;
bool ScalarQuery::operator==(const ScalarQuery&) const = default;
bool Case::operator==(const Case&) const = default;
bool Cast::operator==(const Cast&) const = default;
bool Call::operator==(const Call&) const = default;
bool AtTimeZone::operator==(const AtTimeZone&) const = default;
bool RowValue::operator==(const RowValue&) const = default;
bool ArrayValue::operator==(const ArrayValue&) const = default;
bool MapValue::operator==(const MapValue&) const = default;
bool FieldAccess::operator==(const FieldAccess&) const = default;
bool Subscript::operator==(const Subscript&) const = default;
bool Expr::operator==(const Expr&) const = default;
bool CaseArm::operator==(const CaseArm&) const = default;
bool Argument::operator==(const Argument&) const = default;
bool OrderItem::operator==(const OrderItem&) const = default;
bool FrameBound::operator==(const FrameBound&) const = default;
bool Frame::operator==(const Frame&) const = default;
bool Over::operator==(const Over&) const = default;

bool WindowSpec::operator==(const WindowSpec&) const = default;
bool NamedTable::operator==(const NamedTable&) const = default;
bool DerivedTable::operator==(const DerivedTable&) const = default;
bool TableFunction::operator==(const TableFunction&) const = default;
bool WindowTable::operator==(const WindowTable&) const = default;
bool ChangelogTable::operator==(const ChangelogTable&) const = default;
bool Join::operator==(const Join&) const = default;
bool TableRef::operator==(const TableRef&) const = default;
bool SelectItem::operator==(const SelectItem&) const = default;
bool GroupingSets::operator==(const GroupingSets&) const = default;
bool GroupingSet::operator==(const GroupingSet&) const = default;
bool GroupItem::operator==(const GroupItem&) const = default;
bool NamedWindow::operator==(const NamedWindow&) const = default;
bool Select::operator==(const Select&) const = default;
bool Values::operator==(const Values&) const = default;
bool SetOperation::operator==(const SetOperation&) const = default;
bool CommonTable::operator==(const CommonTable&) const = default;
bool Emit::operator==(const Emit&) const = default;
bool Query::operator==(const Query&) const = default;

bool ColumnDef::operator==(const ColumnDef&) const = default;
bool WatermarkDef::operator==(const WatermarkDef&) const = default;
bool PrimaryKeyDef::operator==(const PrimaryKeyDef&) const = default;
bool CreateTable::operator==(const CreateTable&) const = default;
bool CreateView::operator==(const CreateView&) const = default;
bool Insert::operator==(const Insert&) const = default;
bool SelectStatement::operator==(const SelectStatement&) const = default;
bool Explain::operator==(const Explain&) const = default;
bool Describe::operator==(const Describe&) const = default;
bool StartJob::operator==(const StartJob&) const = default;
bool Statement::operator==(const Statement&) const = default;
bool Script::operator==(const Script&) const = default;

}  // namespace velo::ast
