#include "plan/table_options.h"

namespace velo {
namespace {

constexpr OptionInfo kTableOptions[] = {
    {"connector", OptionType::kText, "", "where rows come from or go to", {}, true},
    {"format", OptionType::kText, "", "how rows are written in bytes"},
    {"bad-records", OptionType::kChoice, "", "what becomes of records that cannot be read",
     "fail|skip|dlq"},
    {"bad-records.sink", OptionType::kText, "", "the table that bad records go to"},
    {"scan.bounded", OptionType::kChoice, "auto",
     "false: answers come as they change instead of waiting for the end that a table has",
     "auto|false"},
    {"scan.watermark.idle-timeout", OptionType::kDuration, "10s",
     "a partition read to its end and silent so long holds nothing back; 0 = never"},
    {"scan.watermark.max-future", OptionType::kText, "1d",
     "rows so far ahead of the clock are refused; off = never"},
    {"scan.changelog", OptionType::kChoice, "",
     "what the records say that are read: append: rows; retract: changes, taken at their word; "
     "upsert: changes by PRIMARY KEY, for which the last row of each key is kept",
     "append|retract|upsert"},
    {"sink.changelog", OptionType::kChoice, "", "how a changing result is written",
     "append|upsert|retract|debezium"},
};

constexpr OptionInfo kSettings[] = {
    {"state.ttl", OptionType::kDuration, "",
     "a key of an aggregation without a window is forgotten when not touched for so long, a row "
     "that a join keeps so long after it came; some stay a little longer"},
    {"state.unbounded", OptionType::kChoice, "refuse", "state that nothing bounds", "refuse|allow"},
    {"emit.coalesce", OptionType::kChoice, "batch", "EMIT CHANGES: one change per key and batch",
     "batch|none"},
};

}  // namespace

std::span<const OptionInfo> plan_table_options() { return kTableOptions; }
std::span<const OptionInfo> plan_settings() { return kSettings; }

}  // namespace velo
